#!/bin/sh
# Builds the general programs, here. The committed ELF is what the bench runs and what the processor ran: build anew, record anew, commit both.
set -e
cd "$(dirname "$0")"
for name in programs unseen; do
  gcc -O2 -fno-tree-vectorize -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie -fcf-protection=none -s -w \
    -Wl,--build-id=none,-z,noseparate-code -o $name.elf $name.c
done
