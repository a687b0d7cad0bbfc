#!/bin/sh
# Records song.log with qemu-io (Debian: qemu-utils), in an empty folder:
#
#     mkdir recording && cd recording && sh ../images/logs/record.sh ../images
#
# The disk is images/sample, packed. A kernel adds song.txt to it: it writes a journal record of
# two metablocks, flushes, and writes the four blocks home; then the power goes. Their bytes are
# those of the second transaction in images/crashed.img.
set -eu
images=$1

mkchickadeefs -b 128 -i 64 -j 24 --from "$images/sample" -o disk.img

# home FROM TO: the command that writes block FROM of crashed.img to block TO of the disk
home() {
    dd if="$images/crashed.img" of="block$1" bs=4096 skip="$1" count=1 status=none
    echo "write -s block$1 $(($2 * 4096)) 4k"
}

: > song.log
options="driver=blklogwrites,file.driver=file,file.filename=disk.img"
options="$options,log.driver=file,log.filename=song.log"
options="$options,log-sector-size=512,log-super-update-interval=1"
qemu-io -t writeback --image-opts "$options" \
    -c "$(home 123 123)" -c "$(home 124 124)" -c "$(home 125 125)" \
    -c "$(home 126 126)" -c "$(home 127 127)" -c "$(home 104 104)" \
    -c "flush" \
    -c "$(home 124 14)" -c "$(home 125 1)" -c "$(home 127 2)" -c "$(home 104 13)" \
    -c "sigraise 9" || true
