/**
 * XMM instructions: SSE to SSE4.2, AES, PCLMULQDQ, SHA, GFNI, in their legacy encodings (SDM vol. 2).
 * One line is one row; the notation is explained in ../README.md.
 */
export const sseRows = `
# Moves
movups             np 0f 10 /r              xmm xmm/m128
movups             np 0f 11 /r              xmm/m128 xmm
movupd             66 0f 10 /r              xmm xmm/m128
movupd             66 0f 11 /r              xmm/m128 xmm
movaps             np 0f 28 /r              xmm xmm/m128
movaps             np 0f 29 /r              xmm/m128 xmm
movapd             66 0f 28 /r              xmm xmm/m128
movapd             66 0f 29 /r              xmm/m128 xmm
movdqa             66 0f 6f /r              xmm xmm/m128
movdqa             66 0f 7f /r              xmm/m128 xmm
movdqu             f3 0f 6f /r              xmm xmm/m128
movdqu             f3 0f 7f /r              xmm/m128 xmm
movss              f3 0f 10 /r              xmm32 xmm32/m32
movss              f3 0f 11 /r              xmm32/m32 xmm32
movsd              f2 0f 10 /r              xmm64 xmm64/m64
movsd              f2 0f 11 /r              xmm64/m64 xmm64
movlps             np 0f 12 /r              xmm64 m64
movhlps            np 0f 12 /r              xmm xmm.rm
movlpd             66 0f 12 /r              xmm64 m64
movlps             np 0f 13 /r              m64 xmm64
movlpd             66 0f 13 /r              m64 xmm64
movhps             np 0f 16 /r              xmm m64
movlhps            np 0f 16 /r              xmm xmm.rm
movhpd             66 0f 16 /r              xmm m64
movhps             np 0f 17 /r              m64 xmm
movhpd             66 0f 17 /r              m64 xmm
movddup            f2 0f 12 /r              xmm xmm64/m64
movsldup           f3 0f 12 /r              xmm xmm/m128
movshdup           f3 0f 16 /r              xmm xmm/m128
movq               66 rex.w 0f 6e /r        xmm64 rm64
movd               66 0f 6e /r              xmm32 rm32
movq               66 rex.w 0f 7e /r        rm64 xmm64
movd               66 0f 7e /r              rm32 xmm32
movq               f3 0f 7e /r              xmm64 xmm64/m64
movq               66 0f d6 /r              xmm64/m64 xmm64
movntps            np 0f 2b /r              m128 xmm
movntpd            66 0f 2b /r              m128 xmm
movntdq            66 0f e7 /r              m128 xmm
movntdqa           66 0f 38 2a /r           xmm m128
lddqu              f2 0f f0 /r              xmm m128
maskmovdqu         66 0f f7 /r              xmm xmm.rm
movmskps           np 0f 50 /r              r32 xmm.rm
movmskpd           66 0f 50 /r              r32 xmm.rm
pmovmskb           66 0f d7 /r              r32 xmm.rm
movq2dq            f3 0f d6 /r              xmm64 mm.rm
movdq2q            f2 0f d6 /r              mm xmm64.rm

# Floating-point arithmetic: packed single, packed double, scalar single, scalar double
sqrtps             np 0f 51 /r              xmm xmm/m128
sqrtpd             66 0f 51 /r              xmm xmm/m128
sqrtss             f3 0f 51 /r              xmm32 xmm32/m32
sqrtsd             f2 0f 51 /r              xmm64 xmm64/m64
addps              np 0f 58 /r              xmm xmm/m128
addpd              66 0f 58 /r              xmm xmm/m128
addss              f3 0f 58 /r              xmm32 xmm32/m32
addsd              f2 0f 58 /r              xmm64 xmm64/m64
mulps              np 0f 59 /r              xmm xmm/m128
mulpd              66 0f 59 /r              xmm xmm/m128
mulss              f3 0f 59 /r              xmm32 xmm32/m32
mulsd              f2 0f 59 /r              xmm64 xmm64/m64
subps              np 0f 5c /r              xmm xmm/m128
subpd              66 0f 5c /r              xmm xmm/m128
subss              f3 0f 5c /r              xmm32 xmm32/m32
subsd              f2 0f 5c /r              xmm64 xmm64/m64
minps              np 0f 5d /r              xmm xmm/m128
minpd              66 0f 5d /r              xmm xmm/m128
minss              f3 0f 5d /r              xmm32 xmm32/m32
minsd              f2 0f 5d /r              xmm64 xmm64/m64
divps              np 0f 5e /r              xmm xmm/m128
divpd              66 0f 5e /r              xmm xmm/m128
divss              f3 0f 5e /r              xmm32 xmm32/m32
divsd              f2 0f 5e /r              xmm64 xmm64/m64
maxps              np 0f 5f /r              xmm xmm/m128
maxpd              66 0f 5f /r              xmm xmm/m128
maxss              f3 0f 5f /r              xmm32 xmm32/m32
maxsd              f2 0f 5f /r              xmm64 xmm64/m64
cmpps              np 0f c2 /r ib           xmm xmm/m128 imm8
cmppd              66 0f c2 /r ib           xmm xmm/m128 imm8
cmpss              f3 0f c2 /r ib           xmm32 xmm32/m32 imm8
cmpsd              f2 0f c2 /r ib           xmm64 xmm64/m64 imm8
rsqrtps            np 0f 52 /r              xmm xmm/m128
rsqrtss            f3 0f 52 /r              xmm32 xmm32/m32
rcpps              np 0f 53 /r              xmm xmm/m128
rcpss              f3 0f 53 /r              xmm32 xmm32/m32
andps              np 0f 54 /r              xmm xmm/m128
andpd              66 0f 54 /r              xmm xmm/m128
andnps             np 0f 55 /r              xmm xmm/m128
andnpd             66 0f 55 /r              xmm xmm/m128
orps               np 0f 56 /r              xmm xmm/m128
orpd               66 0f 56 /r              xmm xmm/m128
xorps              np 0f 57 /r              xmm xmm/m128
xorpd              66 0f 57 /r              xmm xmm/m128
unpcklps           np 0f 14 /r              xmm xmm/m128
unpcklpd           66 0f 14 /r              xmm xmm/m128
unpckhps           np 0f 15 /r              xmm xmm/m128
unpckhpd           66 0f 15 /r              xmm xmm/m128
shufps             np 0f c6 /r ib           xmm xmm/m128 imm8
shufpd             66 0f c6 /r ib           xmm xmm/m128 imm8
ucomiss            np 0f 2e /r              xmm32 xmm32/m32
ucomisd            66 0f 2e /r              xmm64 xmm64/m64
comiss             np 0f 2f /r              xmm32 xmm32/m32
comisd             66 0f 2f /r              xmm64 xmm64/m64
haddpd             66 0f 7c /r              xmm xmm/m128
haddps             f2 0f 7c /r              xmm xmm/m128
hsubpd             66 0f 7d /r              xmm xmm/m128
hsubps             f2 0f 7d /r              xmm xmm/m128
addsubpd           66 0f d0 /r              xmm xmm/m128
addsubps           f2 0f d0 /r              xmm xmm/m128

# Conversions
cvtpi2ps           np 0f 2a /r              xmm64 mm/m64
cvtpi2pd           66 0f 2a /r              xmm mm/m64
cvtsi2ss           f3 0f 2a /r              xmm32 rmy
cvtsi2sd           f2 0f 2a /r              xmm64 rmy
cvttps2pi          np 0f 2c /r              mm xmm64/m64
cvttpd2pi          66 0f 2c /r              mm xmm/m128
cvttss2si          f3 0f 2c /r              ry xmm32/m32
cvttsd2si          f2 0f 2c /r              ry xmm64/m64
cvtps2pi           np 0f 2d /r              mm xmm64/m64
cvtpd2pi           66 0f 2d /r              mm xmm/m128
cvtss2si           f3 0f 2d /r              ry xmm32/m32
cvtsd2si           f2 0f 2d /r              ry xmm64/m64
cvtps2pd           np 0f 5a /r              xmm xmm64/m64
cvtpd2ps           66 0f 5a /r              xmm xmm/m128
cvtss2sd           f3 0f 5a /r              xmm64 xmm32/m32
cvtsd2ss           f2 0f 5a /r              xmm32 xmm64/m64
cvtdq2ps           np 0f 5b /r              xmm xmm/m128
cvtps2dq           66 0f 5b /r              xmm xmm/m128
cvttps2dq          f3 0f 5b /r              xmm xmm/m128
cvttpd2dq          66 0f e6 /r              xmm xmm/m128
cvtdq2pd           f3 0f e6 /r              xmm xmm64/m64
cvtpd2dq           f2 0f e6 /r              xmm xmm/m128

# Integer vectors (SSE2)
punpcklbw          66 0f 60 /r              xmm xmm/m128
punpcklwd          66 0f 61 /r              xmm xmm/m128
punpckldq          66 0f 62 /r              xmm xmm/m128
packsswb           66 0f 63 /r              xmm xmm/m128
pcmpgtb            66 0f 64 /r              xmm xmm/m128
pcmpgtw            66 0f 65 /r              xmm xmm/m128
pcmpgtd            66 0f 66 /r              xmm xmm/m128
packuswb           66 0f 67 /r              xmm xmm/m128
punpckhbw          66 0f 68 /r              xmm xmm/m128
punpckhwd          66 0f 69 /r              xmm xmm/m128
punpckhdq          66 0f 6a /r              xmm xmm/m128
packssdw           66 0f 6b /r              xmm xmm/m128
punpcklqdq         66 0f 6c /r              xmm xmm/m128
punpckhqdq         66 0f 6d /r              xmm xmm/m128
pcmpeqb            66 0f 74 /r              xmm xmm/m128
pcmpeqw            66 0f 75 /r              xmm xmm/m128
pcmpeqd            66 0f 76 /r              xmm xmm/m128
psrlw              66 0f d1 /r              xmm xmm/m128
psrld              66 0f d2 /r              xmm xmm/m128
psrlq              66 0f d3 /r              xmm xmm/m128
paddq              66 0f d4 /r              xmm xmm/m128
pmullw             66 0f d5 /r              xmm xmm/m128
psubusb            66 0f d8 /r              xmm xmm/m128
psubusw            66 0f d9 /r              xmm xmm/m128
pminub             66 0f da /r              xmm xmm/m128
pand               66 0f db /r              xmm xmm/m128
paddusb            66 0f dc /r              xmm xmm/m128
paddusw            66 0f dd /r              xmm xmm/m128
pmaxub             66 0f de /r              xmm xmm/m128
pandn              66 0f df /r              xmm xmm/m128
pavgb              66 0f e0 /r              xmm xmm/m128
psraw              66 0f e1 /r              xmm xmm/m128
psrad              66 0f e2 /r              xmm xmm/m128
pavgw              66 0f e3 /r              xmm xmm/m128
pmulhuw            66 0f e4 /r              xmm xmm/m128
pmulhw             66 0f e5 /r              xmm xmm/m128
psubsb             66 0f e8 /r              xmm xmm/m128
psubsw             66 0f e9 /r              xmm xmm/m128
pminsw             66 0f ea /r              xmm xmm/m128
por                66 0f eb /r              xmm xmm/m128
paddsb             66 0f ec /r              xmm xmm/m128
paddsw             66 0f ed /r              xmm xmm/m128
pmaxsw             66 0f ee /r              xmm xmm/m128
pxor               66 0f ef /r              xmm xmm/m128
psllw              66 0f f1 /r              xmm xmm/m128
pslld              66 0f f2 /r              xmm xmm/m128
psllq              66 0f f3 /r              xmm xmm/m128
pmuludq            66 0f f4 /r              xmm xmm/m128
pmaddwd            66 0f f5 /r              xmm xmm/m128
psadbw             66 0f f6 /r              xmm xmm/m128
psubb              66 0f f8 /r              xmm xmm/m128
psubw              66 0f f9 /r              xmm xmm/m128
psubd              66 0f fa /r              xmm xmm/m128
psubq              66 0f fb /r              xmm xmm/m128
paddb              66 0f fc /r              xmm xmm/m128
paddw              66 0f fd /r              xmm xmm/m128
paddd              66 0f fe /r              xmm xmm/m128
psrlw              66 0f 71 /2 ib           xmm.rm imm8
psraw              66 0f 71 /4 ib           xmm.rm imm8
psllw              66 0f 71 /6 ib           xmm.rm imm8
psrld              66 0f 72 /2 ib           xmm.rm imm8
psrad              66 0f 72 /4 ib           xmm.rm imm8
pslld              66 0f 72 /6 ib           xmm.rm imm8
psrlq              66 0f 73 /2 ib           xmm.rm imm8
psllq              66 0f 73 /6 ib           xmm.rm imm8
psrldq             66 0f 73 /3 ib           xmm.rm imm8
pslldq             66 0f 73 /7 ib           xmm.rm imm8
pshufd             66 0f 70 /r ib           xmm xmm/m128 imm8
pshufhw            f3 0f 70 /r ib           xmm xmm/m128 imm8
pshuflw            f2 0f 70 /r ib           xmm xmm/m128 imm8
pinsrw             66 0f c4 /r ib           xmm r32/m16 imm8
pextrw             66 0f c5 /r ib           r32 xmm.rm imm8

# SSSE3
pshufb             66 0f 38 00 /r           xmm xmm/m128
phaddw             66 0f 38 01 /r           xmm xmm/m128
phaddd             66 0f 38 02 /r           xmm xmm/m128
phaddsw            66 0f 38 03 /r           xmm xmm/m128
pmaddubsw          66 0f 38 04 /r           xmm xmm/m128
phsubw             66 0f 38 05 /r           xmm xmm/m128
phsubd             66 0f 38 06 /r           xmm xmm/m128
phsubsw            66 0f 38 07 /r           xmm xmm/m128
psignb             66 0f 38 08 /r           xmm xmm/m128
psignw             66 0f 38 09 /r           xmm xmm/m128
psignd             66 0f 38 0a /r           xmm xmm/m128
pmulhrsw           66 0f 38 0b /r           xmm xmm/m128
pabsb              66 0f 38 1c /r           xmm xmm/m128
pabsw              66 0f 38 1d /r           xmm xmm/m128
pabsd              66 0f 38 1e /r           xmm xmm/m128
palignr            66 0f 3a 0f /r ib        xmm xmm/m128 imm8

# SSE4.1 and SSE4.2
pblendvb           66 0f 38 10 /r           xmm xmm/m128 xmm0
blendvps           66 0f 38 14 /r           xmm xmm/m128 xmm0
blendvpd           66 0f 38 15 /r           xmm xmm/m128 xmm0
ptest              66 0f 38 17 /r           xmm xmm/m128
pmovsxbw           66 0f 38 20 /r           xmm xmm64/m64
pmovsxbd           66 0f 38 21 /r           xmm xmm32/m32
pmovsxbq           66 0f 38 22 /r           xmm xmm16/m16
pmovsxwd           66 0f 38 23 /r           xmm xmm64/m64
pmovsxwq           66 0f 38 24 /r           xmm xmm32/m32
pmovsxdq           66 0f 38 25 /r           xmm xmm64/m64
pmovzxbw           66 0f 38 30 /r           xmm xmm64/m64
pmovzxbd           66 0f 38 31 /r           xmm xmm32/m32
pmovzxbq           66 0f 38 32 /r           xmm xmm16/m16
pmovzxwd           66 0f 38 33 /r           xmm xmm64/m64
pmovzxwq           66 0f 38 34 /r           xmm xmm32/m32
pmovzxdq           66 0f 38 35 /r           xmm xmm64/m64
pmuldq             66 0f 38 28 /r           xmm xmm/m128
pcmpeqq            66 0f 38 29 /r           xmm xmm/m128
packusdw           66 0f 38 2b /r           xmm xmm/m128
pcmpgtq            66 0f 38 37 /r           xmm xmm/m128
pminsb             66 0f 38 38 /r           xmm xmm/m128
pminsd             66 0f 38 39 /r           xmm xmm/m128
pminuw             66 0f 38 3a /r           xmm xmm/m128
pminud             66 0f 38 3b /r           xmm xmm/m128
pmaxsb             66 0f 38 3c /r           xmm xmm/m128
pmaxsd             66 0f 38 3d /r           xmm xmm/m128
pmaxuw             66 0f 38 3e /r           xmm xmm/m128
pmaxud             66 0f 38 3f /r           xmm xmm/m128
pmulld             66 0f 38 40 /r           xmm xmm/m128
phminposuw         66 0f 38 41 /r           xmm xmm/m128
roundps            66 0f 3a 08 /r ib        xmm xmm/m128 imm8
roundpd            66 0f 3a 09 /r ib        xmm xmm/m128 imm8
roundss            66 0f 3a 0a /r ib        xmm32 xmm32/m32 imm8
roundsd            66 0f 3a 0b /r ib        xmm64 xmm64/m64 imm8
blendps            66 0f 3a 0c /r ib        xmm xmm/m128 imm8
blendpd            66 0f 3a 0d /r ib        xmm xmm/m128 imm8
pblendw            66 0f 3a 0e /r ib        xmm xmm/m128 imm8
dpps               66 0f 3a 40 /r ib        xmm xmm/m128 imm8
dppd               66 0f 3a 41 /r ib        xmm xmm/m128 imm8
mpsadbw            66 0f 3a 42 /r ib        xmm xmm/m128 imm8
pextrb             66 0f 3a 14 /r ib        r32/m8 xmm imm8
pextrw             66 0f 3a 15 /r ib        r32/m16 xmm imm8
pextrq             66 rex.w 0f 3a 16 /r ib  rm64 xmm imm8
pextrd             66 0f 3a 16 /r ib        rm32 xmm imm8
extractps          66 0f 3a 17 /r ib        rm32 xmm imm8
pinsrb             66 0f 3a 20 /r ib        xmm r32/m8 imm8
insertps           66 0f 3a 21 /r ib        xmm xmm/m32 imm8
pinsrq             66 rex.w 0f 3a 22 /r ib  xmm rm64 imm8
pinsrd             66 0f 3a 22 /r ib        xmm rm32 imm8
pcmpestrmq         66 rex.w 0f 3a 60 /r ib  xmm xmm/m128 imm8
pcmpestrm          66 0f 3a 60 /r ib        xmm xmm/m128 imm8
pcmpestriq         66 rex.w 0f 3a 61 /r ib  xmm xmm/m128 imm8
pcmpestri          66 0f 3a 61 /r ib        xmm xmm/m128 imm8
pcmpistrm          66 0f 3a 62 /r ib        xmm xmm/m128 imm8
pcmpistri          66 0f 3a 63 /r ib        xmm xmm/m128 imm8

# AES, carry-less multiplication, SHA, Galois fields
aesimc             66 0f 38 db /r           xmm xmm/m128
aesenc             66 0f 38 dc /r           xmm xmm/m128
aesenclast         66 0f 38 dd /r           xmm xmm/m128
aesdec             66 0f 38 de /r           xmm xmm/m128
aesdeclast         66 0f 38 df /r           xmm xmm/m128
aeskeygenassist    66 0f 3a df /r ib        xmm xmm/m128 imm8
pclmulqdq          66 0f 3a 44 /r ib        xmm xmm/m128 imm8
sha1nexte          np 0f 38 c8 /r           xmm xmm/m128
sha1msg1           np 0f 38 c9 /r           xmm xmm/m128
sha1msg2           np 0f 38 ca /r           xmm xmm/m128
sha256rnds2        np 0f 38 cb /r           xmm xmm/m128 xmm0
sha256msg1         np 0f 38 cc /r           xmm xmm/m128
sha256msg2         np 0f 38 cd /r           xmm xmm/m128
sha1rnds4          np 0f 3a cc /r ib        xmm xmm/m128 imm8
gf2p8mulb          66 0f 38 cf /r           xmm xmm/m128
gf2p8affineqb      66 0f 3a ce /r ib        xmm xmm/m128 imm8
gf2p8affineinvqb   66 0f 3a cf /r ib        xmm xmm/m128 imm8
`;
