#!/bin/sh
# Builds the compiled contenders from their sources (gcc 12.2, musl 1.2.3, Debian 12) and writes them down as TypeScript: npm test needs no compiler.
# ./build.sh LIBFFI: a directory with Debian's libffi 3.4.4 unpacked (apt-get source libffi), for the static trampolines, which Debian's own build leaves out.
set -e
cd "$(dirname "$0")"
source=$(realpath "${1:?where is the source of libffi 3.4.4?}") build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

gcc -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie -fcf-protection=none -fno-asynchronous-unwind-tables -O2 -s -w \
  -Wl,--build-id=none,-z,noseparate-code,-z,execstack -o "$build/nested.elf" nested.c

# musl's headers, and the kernel's for tramp.c.
for headers in linux asm-generic; do ln -s /usr/include/$headers "$build/"; done
ln -s /usr/include/x86_64-linux-gnu/asm "$build/"
(cd "$build" && CC=musl-gcc "$source/configure" --build=x86_64-linux-gnu --host=x86_64-linux-gnu --enable-exec-static-tramp --without-gcc-arch --disable-shared --disable-docs) \
  > "$build/log"
for file in prep_cif.c closures.c types.c tramp.c x86/ffi64.c x86/ffiw64.c x86/unix64.S x86/win64.S; do
  musl-gcc -DHAVE_CONFIG_H -I"$build" -I"$build/include" -I"$source/include" -I"$source/src" -Os -w -fno-stack-protector -ffunction-sections \
    -c "$source/src/$file" -o "$build/$(basename $file).o"
done
ar Dcr "$build/static.a" "$build"/*.o

calls=-Wl,--wrap=mmap,--wrap=open,--wrap=memfd_create,--wrap=mkostemp
port=-Wl,--wrap=ffi_closure_alloc,--wrap=ffi_closure_free,--wrap=ffi_prep_closure_loc
program="musl-gcc -static -no-pie -Os -s -w -fno-asynchronous-unwind-tables -Wl,--build-id=none,-z,noseparate-code,-z,noexecstack,--gc-sections"
cp /usr/include/x86_64-linux-gnu/ffi.h /usr/include/x86_64-linux-gnu/ffitarget.h "$build/include/"
$program $calls -I"$build/include" -o "$build/ffi-debian.elf" ffi.c denied.c /usr/lib/x86_64-linux-gnu/libffi.a
$program $calls $port -I"$build/include" -o "$build/ffi-static.elf" ffi.c port.c denied.c "$build/static.a"

for name in nested ffi-debian ffi-static; do
  strip -R .comment -R .note.gnu.property -R .eh_frame "$build/$name.elf"
  { echo "/** $name.elf, as build.sh made it: an ELF file in base64. */"
    echo "export const IMAGE = '$(base64 -w0 "$build/$name.elf")';"; } > $name.ts
  [ -z "$KEEP" ] || cp "$build/$name.elf" "$KEEP"
done
ls -l *.ts
