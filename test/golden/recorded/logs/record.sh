#!/bin/sh
# Records the logs of this folder with qemu-io (Debian: qemu-utils). Entries that were in flight
# together may come in another order.
set -eu

# record NAME SECTOR-SIZE SUPER-UPDATE-INTERVAL COMMANDS...: a log of commands on a disk of 1 MiB
record() {
    log=$1.log
    options="driver=blklogwrites,file.driver=file,file.filename=disk.img"
    options="$options,log.driver=file,log.filename=$log"
    options="$options,log-sector-size=$2,log-super-update-interval=$3"
    shift 3
    truncate -s 1M disk.img
    : > "$log"
    qemu-io -t writeback --image-opts "$options" "$@" || true
    rm disk.img
}

record qemu-512 512 1 \
    -c "write -P 0xa1 0 4k" -c "write -P 0xa2 8k 8k" -c "flush" \
    -c "write -f -P 0xb1 32k 4k" -c "write -z 64k 4k" -c "discard 96k 8k" -c "flush" \
    -c "write -P 0xc1 0 512" \
    -c "aio_write -P 0xc2 12k 4k" -c "aio_write -P 0xc3 20k 4k" -c "aio_flush"

# The writer is killed: the superblock counts two entries, and five are there.
record qemu-4096-killed 4096 4096 \
    -c "write -P 0xa1 0 4k" -c "flush" \
    -c "write -P 0xa2 8k 8k" -c "write -P 0xa3 512 1k" -c "write -z 64k 8k" -c "sigraise 9"
