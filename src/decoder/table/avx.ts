/**
 * AVX, AVX2 and F16C: the XMM instructions in their VEX encodings, and those that only VEX has (SDM vol. 2).
 * One line is one row; the notation is explained in ../README.md.
 */
export const avxRows = `
# Moves
vmovups            vex np 0f 10 /r                  x x/mx
vmovups            vex np 0f 11 /r                  x/mx x
vmovupd            vex 66 0f 10 /r                  x x/mx
vmovupd            vex 66 0f 11 /r                  x/mx x
vmovaps            vex np 0f 28 /r                  x x/mx
vmovaps            vex np 0f 29 /r                  x/mx x
vmovapd            vex 66 0f 28 /r                  x x/mx
vmovapd            vex 66 0f 29 /r                  x/mx x
vmovdqa            vex 66 0f 6f /r                  x x/mx
vmovdqa            vex 66 0f 7f /r                  x/mx x
vmovdqu            vex f3 0f 6f /r                  x x/mx
vmovdqu            vex f3 0f 7f /r                  x/mx x
vmovss             vex f3 0f 10 /r                  xmm m32
vmovss             vex f3 0f 10 /r                  xmm xmm.v xmm32.rm
vmovss             vex f3 0f 11 /r                  m32 xmm32
vmovss             vex f3 0f 11 /r                  xmm.rm xmm.v xmm32
vmovsd             vex f2 0f 10 /r                  xmm m64
vmovsd             vex f2 0f 10 /r                  xmm xmm.v xmm64.rm
vmovsd             vex f2 0f 11 /r                  m64 xmm64
vmovsd             vex f2 0f 11 /r                  xmm.rm xmm.v xmm64
vmovlps            vex.128 np 0f 12 /r              xmm xmm.v m64
vmovhlps           vex.128 np 0f 12 /r              xmm xmm.v xmm.rm
vmovlpd            vex.128 66 0f 12 /r              xmm xmm.v m64
vmovlps            vex.128 np 0f 13 /r              m64 xmm
vmovlpd            vex.128 66 0f 13 /r              m64 xmm
vmovhps            vex.128 np 0f 16 /r              xmm xmm.v m64
vmovlhps           vex.128 np 0f 16 /r              xmm xmm.v xmm.rm
vmovhpd            vex.128 66 0f 16 /r              xmm xmm.v m64
vmovhps            vex.128 np 0f 17 /r              m64 xmm
vmovhpd            vex.128 66 0f 17 /r              m64 xmm
vmovddup           vex.128 f2 0f 12 /r              xmm xmm64/m64
vmovddup           vex.256 f2 0f 12 /r              ymm ymm/m256
vmovsldup          vex f3 0f 12 /r                  x x/mx
vmovshdup          vex f3 0f 16 /r                  x x/mx
vmovq              vex.128 66 w1 0f 6e /r           xmm64 rm64
vmovd              vex.128 66 w0 0f 6e /r           xmm32 rm32
vmovq              vex.128 66 w1 0f 7e /r           rm64 xmm64
vmovd              vex.128 66 w0 0f 7e /r           rm32 xmm32
vmovq              vex.128 f3 0f 7e /r              xmm64 xmm64/m64
vmovq              vex.128 66 0f d6 /r              xmm64/m64 xmm64
vmovntps           vex np 0f 2b /r                  mx x
vmovntpd           vex 66 0f 2b /r                  mx x
vmovntdq           vex 66 0f e7 /r                  mx x
vmovntdqa          vex 66 0f 38 2a /r               x mx
vlddqu             vex f2 0f f0 /r                  x mx
vmaskmovdqu        vex.128 66 0f f7 /r              xmm xmm.rm
vmovmskps          vex np 0f 50 /r                  r32 x.rm
vmovmskpd          vex 66 0f 50 /r                  r32 x.rm
vpmovmskb          vex 66 0f d7 /r                  r32 x.rm

# Floating-point arithmetic: packed single, packed double, scalar single, scalar double
vsqrtps            vex np 0f 51 /r                  x x/mx
vsqrtpd            vex 66 0f 51 /r                  x x/mx
vsqrtss            vex f3 0f 51 /r                  xmm xmm.v xmm32/m32
vsqrtsd            vex f2 0f 51 /r                  xmm xmm.v xmm64/m64
vaddps             vex np 0f 58 /r                  x x.v x/mx
vaddpd             vex 66 0f 58 /r                  x x.v x/mx
vaddss             vex f3 0f 58 /r                  xmm xmm.v xmm32/m32
vaddsd             vex f2 0f 58 /r                  xmm xmm.v xmm64/m64
vmulps             vex np 0f 59 /r                  x x.v x/mx
vmulpd             vex 66 0f 59 /r                  x x.v x/mx
vmulss             vex f3 0f 59 /r                  xmm xmm.v xmm32/m32
vmulsd             vex f2 0f 59 /r                  xmm xmm.v xmm64/m64
vsubps             vex np 0f 5c /r                  x x.v x/mx
vsubpd             vex 66 0f 5c /r                  x x.v x/mx
vsubss             vex f3 0f 5c /r                  xmm xmm.v xmm32/m32
vsubsd             vex f2 0f 5c /r                  xmm xmm.v xmm64/m64
vminps             vex np 0f 5d /r                  x x.v x/mx
vminpd             vex 66 0f 5d /r                  x x.v x/mx
vminss             vex f3 0f 5d /r                  xmm xmm.v xmm32/m32
vminsd             vex f2 0f 5d /r                  xmm xmm.v xmm64/m64
vdivps             vex np 0f 5e /r                  x x.v x/mx
vdivpd             vex 66 0f 5e /r                  x x.v x/mx
vdivss             vex f3 0f 5e /r                  xmm xmm.v xmm32/m32
vdivsd             vex f2 0f 5e /r                  xmm xmm.v xmm64/m64
vmaxps             vex np 0f 5f /r                  x x.v x/mx
vmaxpd             vex 66 0f 5f /r                  x x.v x/mx
vmaxss             vex f3 0f 5f /r                  xmm xmm.v xmm32/m32
vmaxsd             vex f2 0f 5f /r                  xmm xmm.v xmm64/m64
vcmpps             vex np 0f c2 /r ib               x x.v x/mx imm8
vcmppd             vex 66 0f c2 /r ib               x x.v x/mx imm8
vcmpss             vex f3 0f c2 /r ib               xmm xmm.v xmm32/m32 imm8
vcmpsd             vex f2 0f c2 /r ib               xmm xmm.v xmm64/m64 imm8
vrsqrtps           vex np 0f 52 /r                  x x/mx
vrsqrtss           vex f3 0f 52 /r                  xmm xmm.v xmm32/m32
vrcpps             vex np 0f 53 /r                  x x/mx
vrcpss             vex f3 0f 53 /r                  xmm xmm.v xmm32/m32
vandps             vex np 0f 54 /r                  x x.v x/mx
vandpd             vex 66 0f 54 /r                  x x.v x/mx
vandnps            vex np 0f 55 /r                  x x.v x/mx
vandnpd            vex 66 0f 55 /r                  x x.v x/mx
vorps              vex np 0f 56 /r                  x x.v x/mx
vorpd              vex 66 0f 56 /r                  x x.v x/mx
vxorps             vex np 0f 57 /r                  x x.v x/mx
vxorpd             vex 66 0f 57 /r                  x x.v x/mx
vunpcklps          vex np 0f 14 /r                  x x.v x/mx
vunpcklpd          vex 66 0f 14 /r                  x x.v x/mx
vunpckhps          vex np 0f 15 /r                  x x.v x/mx
vunpckhpd          vex 66 0f 15 /r                  x x.v x/mx
vshufps            vex np 0f c6 /r ib               x x.v x/mx imm8
vshufpd            vex 66 0f c6 /r ib               x x.v x/mx imm8
vucomiss           vex np 0f 2e /r                  xmm32 xmm32/m32
vucomisd           vex 66 0f 2e /r                  xmm64 xmm64/m64
vcomiss            vex np 0f 2f /r                  xmm32 xmm32/m32
vcomisd            vex 66 0f 2f /r                  xmm64 xmm64/m64
vhaddpd            vex 66 0f 7c /r                  x x.v x/mx
vhaddps            vex f2 0f 7c /r                  x x.v x/mx
vhsubpd            vex 66 0f 7d /r                  x x.v x/mx
vhsubps            vex f2 0f 7d /r                  x x.v x/mx
vaddsubpd          vex 66 0f d0 /r                  x x.v x/mx
vaddsubps          vex f2 0f d0 /r                  x x.v x/mx

# Conversions
vcvtsi2ss          vex f3 0f 2a /r                  xmm xmm.v rmy
vcvtsi2sd          vex f2 0f 2a /r                  xmm xmm.v rmy
vcvttss2si         vex f3 0f 2c /r                  ry xmm32/m32
vcvttsd2si         vex f2 0f 2c /r                  ry xmm64/m64
vcvtss2si          vex f3 0f 2d /r                  ry xmm32/m32
vcvtsd2si          vex f2 0f 2d /r                  ry xmm64/m64
vcvtps2pd          vex np 0f 5a /r                  x xh/mh
vcvtpd2ps          vex 66 0f 5a /r                  xmm x/mx
vcvtss2sd          vex f3 0f 5a /r                  xmm xmm.v xmm32/m32
vcvtsd2ss          vex f2 0f 5a /r                  xmm xmm.v xmm64/m64
vcvtdq2ps          vex np 0f 5b /r                  x x/mx
vcvtps2dq          vex 66 0f 5b /r                  x x/mx
vcvttps2dq         vex f3 0f 5b /r                  x x/mx
vcvttpd2dq         vex 66 0f e6 /r                  xmm x/mx
vcvtdq2pd          vex f3 0f e6 /r                  x xh/mh
vcvtpd2dq          vex f2 0f e6 /r                  xmm x/mx

# Integer vectors
vpunpcklbw         vex 66 0f 60 /r                  x x.v x/mx
vpunpcklwd         vex 66 0f 61 /r                  x x.v x/mx
vpunpckldq         vex 66 0f 62 /r                  x x.v x/mx
vpacksswb          vex 66 0f 63 /r                  x x.v x/mx
vpcmpgtb           vex 66 0f 64 /r                  x x.v x/mx
vpcmpgtw           vex 66 0f 65 /r                  x x.v x/mx
vpcmpgtd           vex 66 0f 66 /r                  x x.v x/mx
vpackuswb          vex 66 0f 67 /r                  x x.v x/mx
vpunpckhbw         vex 66 0f 68 /r                  x x.v x/mx
vpunpckhwd         vex 66 0f 69 /r                  x x.v x/mx
vpunpckhdq         vex 66 0f 6a /r                  x x.v x/mx
vpackssdw          vex 66 0f 6b /r                  x x.v x/mx
vpunpcklqdq        vex 66 0f 6c /r                  x x.v x/mx
vpunpckhqdq        vex 66 0f 6d /r                  x x.v x/mx
vpcmpeqb           vex 66 0f 74 /r                  x x.v x/mx
vpcmpeqw           vex 66 0f 75 /r                  x x.v x/mx
vpcmpeqd           vex 66 0f 76 /r                  x x.v x/mx
vpsrlw             vex 66 0f d1 /r                  x x.v xmm/m128
vpsrld             vex 66 0f d2 /r                  x x.v xmm/m128
vpsrlq             vex 66 0f d3 /r                  x x.v xmm/m128
vpaddq             vex 66 0f d4 /r                  x x.v x/mx
vpmullw            vex 66 0f d5 /r                  x x.v x/mx
vpsubusb           vex 66 0f d8 /r                  x x.v x/mx
vpsubusw           vex 66 0f d9 /r                  x x.v x/mx
vpminub            vex 66 0f da /r                  x x.v x/mx
vpand              vex 66 0f db /r                  x x.v x/mx
vpaddusb           vex 66 0f dc /r                  x x.v x/mx
vpaddusw           vex 66 0f dd /r                  x x.v x/mx
vpmaxub            vex 66 0f de /r                  x x.v x/mx
vpandn             vex 66 0f df /r                  x x.v x/mx
vpavgb             vex 66 0f e0 /r                  x x.v x/mx
vpsraw             vex 66 0f e1 /r                  x x.v xmm/m128
vpsrad             vex 66 0f e2 /r                  x x.v xmm/m128
vpavgw             vex 66 0f e3 /r                  x x.v x/mx
vpmulhuw           vex 66 0f e4 /r                  x x.v x/mx
vpmulhw            vex 66 0f e5 /r                  x x.v x/mx
vpsubsb            vex 66 0f e8 /r                  x x.v x/mx
vpsubsw            vex 66 0f e9 /r                  x x.v x/mx
vpminsw            vex 66 0f ea /r                  x x.v x/mx
vpor               vex 66 0f eb /r                  x x.v x/mx
vpaddsb            vex 66 0f ec /r                  x x.v x/mx
vpaddsw            vex 66 0f ed /r                  x x.v x/mx
vpmaxsw            vex 66 0f ee /r                  x x.v x/mx
vpxor              vex 66 0f ef /r                  x x.v x/mx
vpsllw             vex 66 0f f1 /r                  x x.v xmm/m128
vpslld             vex 66 0f f2 /r                  x x.v xmm/m128
vpsllq             vex 66 0f f3 /r                  x x.v xmm/m128
vpmuludq           vex 66 0f f4 /r                  x x.v x/mx
vpmaddwd           vex 66 0f f5 /r                  x x.v x/mx
vpsadbw            vex 66 0f f6 /r                  x x.v x/mx
vpsubb             vex 66 0f f8 /r                  x x.v x/mx
vpsubw             vex 66 0f f9 /r                  x x.v x/mx
vpsubd             vex 66 0f fa /r                  x x.v x/mx
vpsubq             vex 66 0f fb /r                  x x.v x/mx
vpaddb             vex 66 0f fc /r                  x x.v x/mx
vpaddw             vex 66 0f fd /r                  x x.v x/mx
vpaddd             vex 66 0f fe /r                  x x.v x/mx
vpsrlw             vex 66 0f 71 /2 ib               x.v x.rm imm8
vpsraw             vex 66 0f 71 /4 ib               x.v x.rm imm8
vpsllw             vex 66 0f 71 /6 ib               x.v x.rm imm8
vpsrld             vex 66 0f 72 /2 ib               x.v x.rm imm8
vpsrad             vex 66 0f 72 /4 ib               x.v x.rm imm8
vpslld             vex 66 0f 72 /6 ib               x.v x.rm imm8
vpsrlq             vex 66 0f 73 /2 ib               x.v x.rm imm8
vpsllq             vex 66 0f 73 /6 ib               x.v x.rm imm8
vpsrldq            vex 66 0f 73 /3 ib               x.v x.rm imm8
vpslldq            vex 66 0f 73 /7 ib               x.v x.rm imm8
vpshufd            vex 66 0f 70 /r ib               x x/mx imm8
vpshufhw           vex f3 0f 70 /r ib               x x/mx imm8
vpshuflw           vex f2 0f 70 /r ib               x x/mx imm8
vpinsrw            vex.128 66 0f c4 /r ib           xmm xmm.v r32/m16 imm8
vpextrw            vex.128 66 0f c5 /r ib           r32 xmm.rm imm8

# What SSSE3 added
vpshufb            vex 66 0f 38 00 /r               x x.v x/mx
vphaddw            vex 66 0f 38 01 /r               x x.v x/mx
vphaddd            vex 66 0f 38 02 /r               x x.v x/mx
vphaddsw           vex 66 0f 38 03 /r               x x.v x/mx
vpmaddubsw         vex 66 0f 38 04 /r               x x.v x/mx
vphsubw            vex 66 0f 38 05 /r               x x.v x/mx
vphsubd            vex 66 0f 38 06 /r               x x.v x/mx
vphsubsw           vex 66 0f 38 07 /r               x x.v x/mx
vpsignb            vex 66 0f 38 08 /r               x x.v x/mx
vpsignw            vex 66 0f 38 09 /r               x x.v x/mx
vpsignd            vex 66 0f 38 0a /r               x x.v x/mx
vpmulhrsw          vex 66 0f 38 0b /r               x x.v x/mx
vpabsb             vex 66 0f 38 1c /r               x x/mx
vpabsw             vex 66 0f 38 1d /r               x x/mx
vpabsd             vex 66 0f 38 1e /r               x x/mx
vpalignr           vex 66 0f 3a 0f /r ib            x x.v x/mx imm8

# What SSE4.1 and SSE4.2 added
vptest             vex 66 0f 38 17 /r               x x/mx
vpmovsxbw          vex 66 0f 38 20 /r               x xh/mh
vpmovsxbd          vex 66 0f 38 21 /r               x xq/mq
vpmovsxbq          vex 66 0f 38 22 /r               x xe/me
vpmovsxwd          vex 66 0f 38 23 /r               x xh/mh
vpmovsxwq          vex 66 0f 38 24 /r               x xq/mq
vpmovsxdq          vex 66 0f 38 25 /r               x xh/mh
vpmovzxbw          vex 66 0f 38 30 /r               x xh/mh
vpmovzxbd          vex 66 0f 38 31 /r               x xq/mq
vpmovzxbq          vex 66 0f 38 32 /r               x xe/me
vpmovzxwd          vex 66 0f 38 33 /r               x xh/mh
vpmovzxwq          vex 66 0f 38 34 /r               x xq/mq
vpmovzxdq          vex 66 0f 38 35 /r               x xh/mh
vpmuldq            vex 66 0f 38 28 /r               x x.v x/mx
vpcmpeqq           vex 66 0f 38 29 /r               x x.v x/mx
vpackusdw          vex 66 0f 38 2b /r               x x.v x/mx
vpcmpgtq           vex 66 0f 38 37 /r               x x.v x/mx
vpminsb            vex 66 0f 38 38 /r               x x.v x/mx
vpminsd            vex 66 0f 38 39 /r               x x.v x/mx
vpminuw            vex 66 0f 38 3a /r               x x.v x/mx
vpminud            vex 66 0f 38 3b /r               x x.v x/mx
vpmaxsb            vex 66 0f 38 3c /r               x x.v x/mx
vpmaxsd            vex 66 0f 38 3d /r               x x.v x/mx
vpmaxuw            vex 66 0f 38 3e /r               x x.v x/mx
vpmaxud            vex 66 0f 38 3f /r               x x.v x/mx
vpmulld            vex 66 0f 38 40 /r               x x.v x/mx
vphminposuw        vex.128 66 0f 38 41 /r           xmm xmm/m128
vroundps           vex 66 0f 3a 08 /r ib            x x/mx imm8
vroundpd           vex 66 0f 3a 09 /r ib            x x/mx imm8
vroundss           vex 66 0f 3a 0a /r ib            xmm xmm.v xmm32/m32 imm8
vroundsd           vex 66 0f 3a 0b /r ib            xmm xmm.v xmm64/m64 imm8
vblendps           vex 66 0f 3a 0c /r ib            x x.v x/mx imm8
vblendpd           vex 66 0f 3a 0d /r ib            x x.v x/mx imm8
vpblendw           vex 66 0f 3a 0e /r ib            x x.v x/mx imm8
vdpps              vex 66 0f 3a 40 /r ib            x x.v x/mx imm8
vdppd              vex.128 66 0f 3a 41 /r ib        xmm xmm.v xmm/m128 imm8
vmpsadbw           vex 66 0f 3a 42 /r ib            x x.v x/mx imm8
vpextrb            vex.128 66 0f 3a 14 /r ib        r32/m8 xmm imm8
vpextrw            vex.128 66 0f 3a 15 /r ib        r32/m16 xmm imm8
vpextrq            vex.128 66 w1 0f 3a 16 /r ib     rm64 xmm imm8
vpextrd            vex.128 66 w0 0f 3a 16 /r ib     rm32 xmm imm8
vextractps         vex.128 66 0f 3a 17 /r ib        rm32 xmm imm8
vpinsrb            vex.128 66 0f 3a 20 /r ib        xmm xmm.v r32/m8 imm8
vinsertps          vex.128 66 0f 3a 21 /r ib        xmm xmm.v xmm/m32 imm8
vpinsrq            vex.128 66 w1 0f 3a 22 /r ib     xmm xmm.v rm64 imm8
vpinsrd            vex.128 66 w0 0f 3a 22 /r ib     xmm xmm.v rm32 imm8
vpcmpestrmq        vex.128 66 w1 0f 3a 60 /r ib     xmm xmm/m128 imm8
vpcmpestrm         vex.128 66 0f 3a 60 /r ib        xmm xmm/m128 imm8
vpcmpestriq        vex.128 66 w1 0f 3a 61 /r ib     xmm xmm/m128 imm8
vpcmpestri         vex.128 66 0f 3a 61 /r ib        xmm xmm/m128 imm8
vpcmpistrm         vex.128 66 0f 3a 62 /r ib        xmm xmm/m128 imm8
vpcmpistri         vex.128 66 0f 3a 63 /r ib        xmm xmm/m128 imm8

# AES, carry-less multiplication, Galois fields
vaesimc            vex.128 66 0f 38 db /r           xmm xmm/m128
vaesenc            vex 66 0f 38 dc /r               x x.v x/mx
vaesenclast        vex 66 0f 38 dd /r               x x.v x/mx
vaesdec            vex 66 0f 38 de /r               x x.v x/mx
vaesdeclast        vex 66 0f 38 df /r               x x.v x/mx
vaeskeygenassist   vex.128 66 0f 3a df /r ib        xmm xmm/m128 imm8
vpclmulqdq         vex 66 0f 3a 44 /r ib            x x.v x/mx imm8
vgf2p8mulb         vex 66 w0 0f 38 cf /r            x x.v x/mx
vgf2p8affineqb     vex 66 w1 0f 3a ce /r ib         x x.v x/mx imm8
vgf2p8affineinvqb  vex 66 w1 0f 3a cf /r ib         x x.v x/mx imm8

# Only AVX and AVX2 have these: selection by a fourth register
vblendvps          vex 66 w0 0f 3a 4a /r is4        x x.v x/mx x.is4
vblendvpd          vex 66 w0 0f 3a 4b /r is4        x x.v x/mx x.is4
vpblendvb          vex 66 w0 0f 3a 4c /r is4        x x.v x/mx x.is4

# Broadcasts, halves, permutations
vbroadcastss       vex 66 w0 0f 38 18 /r            x xmm32/m32
vbroadcastsd       vex.256 66 w0 0f 38 19 /r        ymm xmm64/m64
vbroadcastf128     vex.256 66 w0 0f 38 1a /r        ymm m128
vbroadcasti128     vex.256 66 w0 0f 38 5a /r        ymm m128
vpbroadcastb       vex 66 w0 0f 38 78 /r            x xmm8/m8
vpbroadcastw       vex 66 w0 0f 38 79 /r            x xmm16/m16
vpbroadcastd       vex 66 w0 0f 38 58 /r            x xmm32/m32
vpbroadcastq       vex 66 w0 0f 38 59 /r            x xmm64/m64
vinsertf128        vex.256 66 w0 0f 3a 18 /r ib     ymm ymm.v xmm/m128 imm8
vextractf128       vex.256 66 w0 0f 3a 19 /r ib     xmm/m128 ymm imm8
vinserti128        vex.256 66 w0 0f 3a 38 /r ib     ymm ymm.v xmm/m128 imm8
vextracti128       vex.256 66 w0 0f 3a 39 /r ib     xmm/m128 ymm imm8
vperm2f128         vex.256 66 w0 0f 3a 06 /r ib     ymm ymm.v ymm/m256 imm8
vperm2i128         vex.256 66 w0 0f 3a 46 /r ib     ymm ymm.v ymm/m256 imm8
vpermilps          vex 66 w0 0f 38 0c /r            x x.v x/mx
vpermilpd          vex 66 w0 0f 38 0d /r            x x.v x/mx
vpermilps          vex 66 w0 0f 3a 04 /r ib         x x/mx imm8
vpermilpd          vex 66 w0 0f 3a 05 /r ib         x x/mx imm8
vpermd             vex.256 66 w0 0f 38 36 /r        ymm ymm.v ymm/m256
vpermps            vex.256 66 w0 0f 38 16 /r        ymm ymm.v ymm/m256
vpermq             vex.256 66 w1 0f 3a 00 /r ib     ymm ymm/m256 imm8
vpermpd            vex.256 66 w1 0f 3a 01 /r ib     ymm ymm/m256 imm8
vpblendd           vex 66 w0 0f 3a 02 /r ib         x x.v x/mx imm8

# Masked moves, gathers
vmaskmovps         vex 66 w0 0f 38 2c /r            x x.v mx
vmaskmovps         vex 66 w0 0f 38 2e /r            mx x.v x
vmaskmovpd         vex 66 w0 0f 38 2d /r            x x.v mx
vmaskmovpd         vex 66 w0 0f 38 2f /r            mx x.v x
vpmaskmovd         vex 66 w0 0f 38 8c /r            x x.v mx
vpmaskmovd         vex 66 w0 0f 38 8e /r            mx x.v x
vpmaskmovq         vex 66 w1 0f 38 8c /r            x x.v mx
vpmaskmovq         vex 66 w1 0f 38 8e /r            mx x.v x
vpgatherdd         vex 66 w0 0f 38 90 /r            x m32[x] x.v
vpgatherdq         vex 66 w1 0f 38 90 /r            x m64[xmm] x.v
vpgatherqd         vex 66 w0 0f 38 91 /r            xmm m32[x] xmm.v
vpgatherqq         vex 66 w1 0f 38 91 /r            x m64[x] x.v
vgatherdps         vex 66 w0 0f 38 92 /r            x m32[x] x.v
vgatherdpd         vex 66 w1 0f 38 92 /r            x m64[xmm] x.v
vgatherqps         vex 66 w0 0f 38 93 /r            xmm m32[x] xmm.v
vgatherqpd         vex 66 w1 0f 38 93 /r            x m64[x] x.v

# Shifts lane by lane, tests, state
vpsrlvd            vex 66 w0 0f 38 45 /r            x x.v x/mx
vpsrlvq            vex 66 w1 0f 38 45 /r            x x.v x/mx
vpsravd            vex 66 w0 0f 38 46 /r            x x.v x/mx
vpsllvd            vex 66 w0 0f 38 47 /r            x x.v x/mx
vpsllvq            vex 66 w1 0f 38 47 /r            x x.v x/mx
vtestps            vex 66 w0 0f 38 0e /r            x x/mx
vtestpd            vex 66 w0 0f 38 0f /r            x x/mx
vzeroupper         vex.128 np 0f 77                 -
vzeroall           vex.256 np 0f 77                 -
vldmxcsr           vex.128 np 0f ae /2              m32
vstmxcsr           vex.128 np 0f ae /3              m32

# Half precision (F16C)
vcvtph2ps          vex 66 w0 0f 38 13 /r            x xh/mh
vcvtps2ph          vex 66 w0 0f 3a 1d /r ib         xh/mh x imm8
`;
