#!/usr/bin/env bash
# The archive depends on the image alone, not on the workers, the memory or the timing.
. "$(dirname "$0")/lib.sh"
need_directory
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 30 --seed 1

first=
for way in "--jobs 1" "--jobs 2" "--jobs 8" "--jobs 8 --memory 32M" "--jobs 2 --memory 256M"; do
    use_bucket "b$(tr -cd 0-9 <<<"$way")"
    # shellcheck disable=SC2086  # several words
    check "push with $way" s3dock push $REF --input image.tar $way
    key=$(archive_key)
    archive=$(bucket get "$key" | sha256sum)
    index=$(bucket get "$(index_key)" | sha256sum)
    first=${first:-$archive$index}
    check "archive and index are the same with $way" same "$first" "$archive$index"
    # shellcheck disable=SC2086
    check "pull with $way" s3dock pull $REF --output back.tar $way
    check "the pulled image is the same with $way" same_image image.tar back.tar
done
