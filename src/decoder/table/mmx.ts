/**
 * MMX registers: MMX and what SSE, SSE2 and SSSE3 added to it (SDM vol. 2; vol. 1 ch. 9).
 * One line is one row; the notation is explained in ../README.md.
 */
export const mmxRows = `
# Moves
movq               np rex.w 0f 6e /r        mm rm64
movd               np 0f 6e /r              mm rm32
movq               np rex.w 0f 7e /r        rm64 mm
movd               np 0f 7e /r              rm32 mm
movq               np 0f 6f /r              mm mm/m64
movq               np 0f 7f /r              mm/m64 mm
movntq             np 0f e7 /r              m64 mm
maskmovq           np 0f f7 /r              mm mm.rm
pmovmskb           np 0f d7 /r              r32 mm.rm
emms               np 0f 77

# Arithmetic, comparison, packing
punpcklbw          np 0f 60 /r              mm mm/m32
punpcklwd          np 0f 61 /r              mm mm/m32
punpckldq          np 0f 62 /r              mm mm/m32
packsswb           np 0f 63 /r              mm mm/m64
pcmpgtb            np 0f 64 /r              mm mm/m64
pcmpgtw            np 0f 65 /r              mm mm/m64
pcmpgtd            np 0f 66 /r              mm mm/m64
packuswb           np 0f 67 /r              mm mm/m64
punpckhbw          np 0f 68 /r              mm mm/m64
punpckhwd          np 0f 69 /r              mm mm/m64
punpckhdq          np 0f 6a /r              mm mm/m64
packssdw           np 0f 6b /r              mm mm/m64
pcmpeqb            np 0f 74 /r              mm mm/m64
pcmpeqw            np 0f 75 /r              mm mm/m64
pcmpeqd            np 0f 76 /r              mm mm/m64
psrlw              np 0f d1 /r              mm mm/m64
psrld              np 0f d2 /r              mm mm/m64
psrlq              np 0f d3 /r              mm mm/m64
paddq              np 0f d4 /r              mm mm/m64
pmullw             np 0f d5 /r              mm mm/m64
psubusb            np 0f d8 /r              mm mm/m64
psubusw            np 0f d9 /r              mm mm/m64
pminub             np 0f da /r              mm mm/m64
pand               np 0f db /r              mm mm/m64
paddusb            np 0f dc /r              mm mm/m64
paddusw            np 0f dd /r              mm mm/m64
pmaxub             np 0f de /r              mm mm/m64
pandn              np 0f df /r              mm mm/m64
pavgb              np 0f e0 /r              mm mm/m64
psraw              np 0f e1 /r              mm mm/m64
psrad              np 0f e2 /r              mm mm/m64
pavgw              np 0f e3 /r              mm mm/m64
pmulhuw            np 0f e4 /r              mm mm/m64
pmulhw             np 0f e5 /r              mm mm/m64
psubsb             np 0f e8 /r              mm mm/m64
psubsw             np 0f e9 /r              mm mm/m64
pminsw             np 0f ea /r              mm mm/m64
por                np 0f eb /r              mm mm/m64
paddsb             np 0f ec /r              mm mm/m64
paddsw             np 0f ed /r              mm mm/m64
pmaxsw             np 0f ee /r              mm mm/m64
pxor               np 0f ef /r              mm mm/m64
psllw              np 0f f1 /r              mm mm/m64
pslld              np 0f f2 /r              mm mm/m64
psllq              np 0f f3 /r              mm mm/m64
pmuludq            np 0f f4 /r              mm mm/m64
pmaddwd            np 0f f5 /r              mm mm/m64
psadbw             np 0f f6 /r              mm mm/m64
psubb              np 0f f8 /r              mm mm/m64
psubw              np 0f f9 /r              mm mm/m64
psubd              np 0f fa /r              mm mm/m64
psubq              np 0f fb /r              mm mm/m64
paddb              np 0f fc /r              mm mm/m64
paddw              np 0f fd /r              mm mm/m64
paddd              np 0f fe /r              mm mm/m64
psrlw              np 0f 71 /2 ib           mm.rm imm8
psraw              np 0f 71 /4 ib           mm.rm imm8
psllw              np 0f 71 /6 ib           mm.rm imm8
psrld              np 0f 72 /2 ib           mm.rm imm8
psrad              np 0f 72 /4 ib           mm.rm imm8
pslld              np 0f 72 /6 ib           mm.rm imm8
psrlq              np 0f 73 /2 ib           mm.rm imm8
psllq              np 0f 73 /6 ib           mm.rm imm8
pshufw             np 0f 70 /r ib           mm mm/m64 imm8
pinsrw             np 0f c4 /r ib           mm r32/m16 imm8
pextrw             np 0f c5 /r ib           r32 mm.rm imm8

# SSSE3 on MMX registers
pshufb             np 0f 38 00 /r           mm mm/m64
phaddw             np 0f 38 01 /r           mm mm/m64
phaddd             np 0f 38 02 /r           mm mm/m64
phaddsw            np 0f 38 03 /r           mm mm/m64
pmaddubsw          np 0f 38 04 /r           mm mm/m64
phsubw             np 0f 38 05 /r           mm mm/m64
phsubd             np 0f 38 06 /r           mm mm/m64
phsubsw            np 0f 38 07 /r           mm mm/m64
psignb             np 0f 38 08 /r           mm mm/m64
psignw             np 0f 38 09 /r           mm mm/m64
psignd             np 0f 38 0a /r           mm mm/m64
pmulhrsw           np 0f 38 0b /r           mm mm/m64
pabsb              np 0f 38 1c /r           mm mm/m64
pabsw              np 0f 38 1d /r           mm mm/m64
pabsd              np 0f 38 1e /r           mm mm/m64
palignr            np 0f 3a 0f /r ib        mm mm/m64 imm8
`;
