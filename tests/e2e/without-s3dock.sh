#!/usr/bin/env bash
# The script of docs/format.md restores images from the bucket with Python and the AWS CLI: thin images, images with
# objects of both codecs, and whole ones.
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2016  # for the other shell
aws=$(bash -c '. "$0/kit.sh" && . "$0/aws_cli.sh" && have awscli >&2 && echo "$PROGRAM"' "$KIT" 2>aws.log) ||
    skip "no AWS CLI: $(tail -n 1 aws.log)"
need_docker
need_edge
need_s3
FIRST=app:20251101-1200-abc1234
SECOND=app:20251102-0900-def5678
THIRD=app:20251103-0900-0123abc
WHOLE=shop:20251104-0900-3456789
THIN=shop:20251105-0900-4567890

mkdir bin
ln -s "$aws" bin/aws
export PATH=$work/bin:$PATH AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}
# shellcheck disable=SC2016
sed -n '/^## Without s3dock/,/^## /{/^```sh$/,/^```$/p}' "$TOP/docs/format.md" | sed '/^```/d' >recover.sh
check "the script has at most 30 lines" test "$(wc -l <recover.sh)" -le 30 -a -s recover.sh

# Three images: all gzip; its own chunks as zstd frames beside the gzip members of the first; whole.
"$KIT/images" small $FIRST 1
"$KIT/images" small $SECOND 2
docker save $FIRST >first.tar
docker save $SECOND >second.tar
docker tag $SECOND $THIRD
docker save $THIRD >third.tar
"$KIT/make_thin" made --etag md5 $FIRST=first.tar:thin-gzip $SECOND=second.tar:thin-gzip $THIRD=third.tar:thin-zstd
(cd made && find images -type f) | while read -r key; do
    bucket put "$key" "made/$key"
done

# metadata_of REF: prints the key.
metadata_of()
{
    echo "images/app/202511/app-${1#app:}.json"
}

check "the second image has objects of both" same 2 "$(grep -c '"etag"' "made/$(metadata_of $SECOND)")"
check "a thin image is restored" into second.gz sh recover.sh "$BUCKET" "$(metadata_of $SECOND)"
check "gzip -t accepts it" gzip -t second.gz
gzip -dc second.gz >second.out
check "it is the saved stream" cmp second.tar second.out
check "docker load accepts it" on_edge docker load -i second.gz
check "the loaded image has the pushed id" same "$(image_id $SECOND)" "$(on_edge image_id $SECOND)"
if type zstd >/dev/null 2>&1; then
    check "an image with both codecs is restored" into third.zst sh recover.sh "$BUCKET" "$(metadata_of $THIRD)"
    zstd -dc third.zst >third.out
    check "zstd -dc gives the saved stream" cmp third.tar third.out
else
    skip_check "an image with both codecs is restored" "zstd is not installed"
fi

# The same for images that s3dock has pushed: a whole one, and a thin one that refers to it.
docker tag $FIRST $WHOLE
docker tag $SECOND $THIN
check "push of a whole zstd archive" s3dock push $WHOLE --compression zstd
check "push of a thin image" s3dock push $THIN --thin --compression zstd
bucket get images/shop/202511/shop-20251105-0900-4567890.json thin.json
check "it refers to the whole one" same 2 "$(grep -c '"etag"' thin.json)"
check "the pushed thin image is restored" into pushed.zst sh recover.sh "$BUCKET" images/shop/202511/shop-20251105-0900-4567890.json
if type zstd >/dev/null 2>&1; then
    zstd -qdc pushed.zst >pushed.tar
    check "every layer is right" "$KIT/image_facts" pushed.tar
    on_edge docker image rm -f $SECOND >/dev/null
    check "docker load accepts it" on_edge docker load -i pushed.tar
    check "the loaded image has the pushed id" same "$(image_id $THIN)" "$(on_edge image_id $THIN)"
else
    skip_check "docker load accepts it" "zstd is not installed"
fi

# An object that was replaced is not taken.
bucket put "$(sed -n 's/.*"key": "\(.*001\.data\)".*/\1/p' "made/$(metadata_of $SECOND)")" second.gz
sh recover.sh "$BUCKET" "$(metadata_of $SECOND)" >wrong.gz 2>wrong.err
check "the script fails if an object was replaced" grep -q "get-object.*001.data.*non-zero exit status" wrong.err
