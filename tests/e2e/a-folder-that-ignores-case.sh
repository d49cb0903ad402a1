#!/usr/bin/env bash
# A bucket in a folder whose file system ignores case, as on most Macs: names that differ only in case never share a file.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/kit.sh
. "$KIT/kit.sh"
REF=app:20250721-2118-f7a5a27
OTHER=app:20250722-2118-f7a5a28
PATH=$PATH:/usr/sbin:/sbin

# mounts KIND: mounts the image of a disk through the kernel (exfat) or through FUSE (exfat-fuse).
mounts()
{
    as_root mount -t "$1" -o "loop,uid=$(id -u),gid=$(id -g)" "$work/disk.img" "$work/disk" 2>>mount.log
}

mkdir disk
truncate -s 64M disk.img
mkfs.exfat disk.img >mount.log 2>&1 || skip "no file system that ignores case: $(tail -n 1 mount.log)"
mounts exfat || mounts exfat-fuse || skip "no file system that ignores case: $(xargs <mount.log)"
at_exit "as_root umount '$work/disk'"
export AWS_ENDPOINT_URL=file://$work/disk
use_bucket images

make_image $REF image.tar --size 1 --seed 1
make_image $OTHER other.tar --size 1 --seed 2
check "push" s3dock push $REF --input image.tar
check "push of another image" s3dock push $OTHER --input other.tar
check "tag" s3dock tag $REF v1.0.0-rc.1
check "promote" s3dock promote $REF Prod
refused 8 "images has \"Prod.json\" already.*\"prod.json\"" "an environment that differs only in case" promote $OTHER prod
check "the hint names the ways out" grep -q "hint: choose a name that differs in more" refused.err
refused 8 "already.*\"v1.0.0-RC.1.json\"" "a version that differs only in case" tag $OTHER v1.0.0-RC.1
refused 8 "already" "such a version by force" tag $OTHER v1.0.0-RC.1 --force
refused 3 "prod" "a pull of the environment in another spelling" pull app prod --output pulled.tar
check "list envs" same "Prod -> $REF" "$(s3dock list envs app)"
check "list tags" same "v1.0.0-rc.1" "$(s3dock list tags app | cut -d ' ' -f 1)"
check "the environment moves under its own spelling" s3dock promote $OTHER Prod
check "pull of it" s3dock pull app Prod --output pulled.tar
s3dock doctor --json >doctor.json
check "doctor warns of the folder" grep -q "does not tell upper from lower case" doctor.json
