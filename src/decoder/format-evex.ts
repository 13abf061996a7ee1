/**
 * What AVX-512's instructions are called (SDM vol. 2, ch. 5-7): the decoder knows them for their length only. A line is a map and a prefix; then come
 * opcodes, with the bit W where that matters and ModRM.reg where it is part of the opcode, and names.
 */
const NAMES = `
0f np: 10 vmovups 11 vmovups 12.0 vmovhlps 13.0 vmovlps 14.0 vunpcklps 15.0 vunpckhps 16.0 vmovlhps 17.0 vmovhps 28.0 vmovaps 29.0 vmovaps 2b.0
  vmovntps 2e vucomiss 2f vcomiss 51 vsqrtps 54.0 vandps 55.0 vandnps 56.0 vorps 57.0 vxorps 58 vaddps 59 vmulps 5a.0 vcvtps2pd 5b.0 vcvtdq2ps 5b.1
  vcvtqq2ps 5c vsubps 5d vminps 5e vdivps 5f vmaxps 78.0 vcvttps2udq 78.1 vcvttpd2udq 79.0 vcvtps2udq 79.1 vcvtpd2udq c2.0 vcmpps c6.0 vshufps
0f 66: 10 vmovupd 11 vmovupd 12 vmovlpd 13.1 vmovlpd 14.1 vunpcklpd 15.1 vunpckhpd 16 vmovhpd 17.1 vmovhpd 28.1 vmovapd 29.1 vmovapd 2b.1 vmovntpd 2e
  vucomisd 2f vcomisd 51 vsqrtpd 54.1 vandpd 55.1 vandnpd 56.1 vorpd 57.1 vxorpd 58 vaddpd 59 vmulpd 5a.1 vcvtpd2ps 5b.0 vcvtps2dq 5c vsubpd 5d vminpd
  5e vdivpd 5f vmaxpd 60 vpunpcklbw 61 vpunpcklwd 62.0 vpunpckldq 63 vpacksswb 64 vpcmpgtb 65 vpcmpgtw 66.0 vpcmpgtd 67 vpackuswb 68 vpunpckhbw 69
  vpunpckhwd 6a.0 vpunpckhdq 6b.0 vpackssdw 6c.1 vpunpcklqdq 6d.1 vpunpckhqdq 6e.0 vmovd 6e.1 vmovq 6f.0 vmovdqa32 6f.1 vmovdqa64 70.0 vpshufd 71/2
  vpsrlw 71/4 vpsraw 71/6 vpsllw 72.0/0 vprord 72.1/0 vprorq 72.0/1 vprold 72.1/1 vprolq 72.0/2 vpsrld 72.0/4 vpsrad 72.1/4 vpsraq 72.0/6 vpslld
  73.1/2 vpsrlq 73/3 vpsrldq 73.1/6 vpsllq 73/7 vpslldq 74 vpcmpeqb 75 vpcmpeqw 76.0 vpcmpeqd 78.0 vcvttps2uqq 78.1 vcvttpd2uqq 79.0 vcvtps2uqq 79.1
  vcvtpd2uqq 7a.0 vcvttps2qq 7a.1 vcvttpd2qq 7b.0 vcvtps2qq 7b.1 vcvtpd2qq 7e.0 vmovd 7e.1 vmovq 7f.0 vmovdqa32 7f.1 vmovdqa64 c2.1 vcmppd c4 vpinsrw
  c5 vpextrw c6.1 vshufpd d1 vpsrlw d2.0 vpsrld d3.1 vpsrlq d4.1 vpaddq d5 vpmullw d6.1 vmovq d8 vpsubusb d9 vpsubusw da vpminub db.0 vpandd db.1
  vpandq dc vpaddusb dd vpaddusw de vpmaxub df.0 vpandnd df.1 vpandnq e0 vpavgb e1 vpsraw e2.0 vpsrad e2.1 vpsraq e3 vpavgw e4 vpmulhuw e5 vpmulhw
  e6.1 vcvttpd2dq e7.0 vmovntdq e8 vpsubsb e9 vpsubsw ea vpminsw eb.0 vpord eb.1 vporq ec vpaddsb ed vpaddsw ee vpmaxsw ef.0 vpxord ef.1 vpxorq f1
  vpsllw f2.0 vpslld f3.1 vpsllq f4.1 vpmuludq f5 vpmaddwd f6 vpsadbw f8 vpsubb f9 vpsubw fa.0 vpsubd fb.1 vpsubq fc vpaddb fd vpaddw fe.0 vpaddd
0f f3: 10.0 vmovss 11.0 vmovss 12.0 vmovsldup 16.0 vmovshdup 2a vcvtsi2ss 2c vcvttss2si 2d vcvtss2si 51.0 vsqrtss 58.0 vaddss 59.0 vmulss 5a.0
  vcvtss2sd 5b.0 vcvttps2dq 5c.0 vsubss 5d.0 vminss 5e.0 vdivss 5f.0 vmaxss 6f.0 vmovdqu32 6f.1 vmovdqu64 70 vpshufhw 78 vcvttss2usi 79 vcvtss2usi
  7a.0 vcvtudq2pd 7a.1 vcvtuqq2pd 7b vcvtusi2ss 7e.1 vmovq 7f.0 vmovdqu32 7f.1 vmovdqu64 c2.0 vcmpss e6.0 vcvtdq2pd e6.1 vcvtqq2pd
0f f2: 10.1 vmovsd 11.1 vmovsd 12.1 vmovddup 2a vcvtsi2sd 2c vcvttsd2si 2d vcvtsd2si 51.1 vsqrtsd 58.1 vaddsd 59.1 vmulsd 5a.1 vcvtsd2ss 5c.1 vsubsd
  5d.1 vminsd 5e.1 vdivsd 5f.1 vmaxsd 6f.0 vmovdqu8 6f.1 vmovdqu16 70 vpshuflw 78 vcvttsd2usi 79 vcvtsd2usi 7a.0 vcvtudq2ps 7a.1 vcvtuqq2ps 7b
  vcvtusi2sd 7f.0 vmovdqu8 7f.1 vmovdqu16 c2.1 vcmpsd e6.1 vcvtpd2dq
0f 38 np: 4e.0 vrsqrt14ps 4e.1 vrsqrt14pd 50.0 vpdpbuud 51.0 vpdpbuuds
0f 38 66: 00 vpshufb 04 vpmaddubsw 0b vpmulhrsw 0c.0 vpermilps 0d.1 vpermilpd 10.1 vpsrlvw 11.1 vpsravw 12.1 vpsllvw 13.0 vcvtph2ps 14.0 vprorvd 14.1
  vprorvq 15.0 vprolvd 15.1 vprolvq 16.0 vpermps 16.1 vpermpd 18.0 vbroadcastss 19.0 vbroadcastf32x2 19.1 vbroadcastsd 1a.0 vbroadcastf32x4 1a.1
  vbroadcastf64x2 1b.0 vbroadcastf32x8 1b.1 vbroadcastf64x4 1c vpabsb 1d vpabsw 1e.0 vpabsd 1f.1 vpabsq 20 vpmovsxbw 21 vpmovsxbd 22 vpmovsxbq 23
  vpmovsxwd 24 vpmovsxwq 25.0 vpmovsxdq 26.0 vptestmb 26.1 vptestmw 27.0 vptestmd 27.1 vptestmq 28.1 vpmuldq 29.1 vpcmpeqq 2a.0 vmovntdqa 2b.0
  vpackusdw 2c.0 vscalefps 2c.1 vscalefpd 2d.0 vscalefss 2d.1 vscalefsd 30 vpmovzxbw 31 vpmovzxbd 32 vpmovzxbq 33 vpmovzxwd 34 vpmovzxwq 35.0
  vpmovzxdq 36.0 vpermd 36.1 vpermq 37.1 vpcmpgtq 38 vpminsb 39.0 vpminsd 39.1 vpminsq 3a vpminuw 3b.0 vpminud 3b.1 vpminuq 3c vpmaxsb 3d.0 vpmaxsd
  3d.1 vpmaxsq 3e vpmaxuw 3f.0 vpmaxud 3f.1 vpmaxuq 40.0 vpmulld 40.1 vpmullq 42.0 vgetexpps 42.1 vgetexppd 43.0 vgetexpss 43.1 vgetexpsd 44.0
  vplzcntd 44.1 vplzcntq 45.0 vpsrlvd 45.1 vpsrlvq 46.0 vpsravd 46.1 vpsravq 47.0 vpsllvd 47.1 vpsllvq 4c.0 vrcp14ps 4c.1 vrcp14pd 4d.0 vrcp14ss 4d.1
  vrcp14sd 4e.0 vrsqrt14ps 4e.1 vrsqrt14pd 4f.0 vrsqrt14ss 4f.1 vrsqrt14sd 50.0 vpdpbusd 51.0 vpdpbusds 52.0 vpdpwssd 53.0 vpdpwssds 54.0 vpopcntb
  54.1 vpopcntw 55.0 vpopcntd 55.1 vpopcntq 58.0 vpbroadcastd 59.0 vbroadcasti32x2 59.1 vpbroadcastq 5a.0 vbroadcasti32x4 5a.1 vbroadcasti64x2 5b.0
  vbroadcasti32x8 5b.1 vbroadcasti64x4 62.0 vpexpandb 62.1 vpexpandw 63.0 vpcompressb 63.1 vpcompressw 64.0 vpblendmd 64.1 vpblendmq 65.0 vblendmps
  65.1 vblendmpd 66.0 vpblendmb 66.1 vpblendmw 70.1 vpshldvw 71.0 vpshldvd 71.1 vpshldvq 72.1 vpshrdvw 73.0 vpshrdvd 73.1 vpshrdvq 75.0 vpermi2b 75.1
  vpermi2w 76.0 vpermi2d 76.1 vpermi2q 77.0 vpermi2ps 77.1 vpermi2pd 78.0 vpbroadcastb 79.0 vpbroadcastw 7a.0 vpbroadcastb 7b.0 vpbroadcastw 7c.0
  vpbroadcastd 7c.1 vpbroadcastq 7d.0 vpermt2b 7d.1 vpermt2w 7e.0 vpermt2d 7e.1 vpermt2q 7f.0 vpermt2ps 7f.1 vpermt2pd 83.1 vpmultishiftqb 88.0
  vexpandps 88.1 vexpandpd 89.0 vpexpandd 89.1 vpexpandq 8a.0 vcompressps 8a.1 vcompresspd 8b.0 vpcompressd 8b.1 vpcompressq 8d.0 vpermb 8d.1 vpermw
  8f vpshufbitqmb 90.0 vpgatherdd 90.1 vpgatherdq 91.0 vpgatherqd 91.1 vpgatherqq 92.0 vgatherdps 92.1 vgatherdpd 93.0 vgatherqps 93.1 vgatherqpd 96.0
  vfmaddsub132ps 96.1 vfmaddsub132pd 97.0 vfmsubadd132ps 97.1 vfmsubadd132pd 98.0 vfmadd132ps 98.1 vfmadd132pd 99.0 vfmadd132ss 99.1 vfmadd132sd 9a.0
  vfmsub132ps 9a.1 vfmsub132pd 9b.0 vfmsub132ss 9b.1 vfmsub132sd 9c.0 vfnmadd132ps 9c.1 vfnmadd132pd 9d.0 vfnmadd132ss 9d.1 vfnmadd132sd 9e.0
  vfnmsub132ps 9e.1 vfnmsub132pd 9f.0 vfnmsub132ss 9f.1 vfnmsub132sd a0.0 vpscatterdd a0.1 vpscatterdq a1.0 vpscatterqd a1.1 vpscatterqq a2.0
  vscatterdps a2.1 vscatterdpd a3.0 vscatterqps a3.1 vscatterqpd a6.0 vfmaddsub213ps a6.1 vfmaddsub213pd a7.0 vfmsubadd213ps a7.1 vfmsubadd213pd a8.0
  vfmadd213ps a8.1 vfmadd213pd a9.0 vfmadd213ss a9.1 vfmadd213sd aa.0 vfmsub213ps aa.1 vfmsub213pd ab.0 vfmsub213ss ab.1 vfmsub213sd ac.0 vfnmadd213ps
  ac.1 vfnmadd213pd ad.0 vfnmadd213ss ad.1 vfnmadd213sd ae.0 vfnmsub213ps ae.1 vfnmsub213pd af.0 vfnmsub213ss af.1 vfnmsub213sd b4.1 vpmadd52luq b5.1
  vpmadd52huq b6.0 vfmaddsub231ps b6.1 vfmaddsub231pd b7.0 vfmsubadd231ps b7.1 vfmsubadd231pd b8.0 vfmadd231ps b8.1 vfmadd231pd b9.0 vfmadd231ss b9.1
  vfmadd231sd ba.0 vfmsub231ps ba.1 vfmsub231pd bb.0 vfmsub231ss bb.1 vfmsub231sd bc.0 vfnmadd231ps bc.1 vfnmadd231pd bd.0 vfnmadd231ss bd.1
  vfnmadd231sd be.0 vfnmsub231ps be.1 vfnmsub231pd bf.0 vfnmsub231ss bf.1 vfnmsub231sd c4.0 vpconflictd c4.1 vpconflictq c6.0/1 vgatherpf0dps c6.1/1
  vgatherpf0dpd c6.0/2 vgatherpf1dps c6.1/2 vgatherpf1dpd c6.0/5 vscatterpf0dps c6.1/5 vscatterpf0dpd c6.0/6 vscatterpf1dps c6.1/6 vscatterpf1dpd
  c7.0/1 vgatherpf0qps c7.1/1 vgatherpf0qpd c7.0/2 vgatherpf1qps c7.1/2 vgatherpf1qpd c7.0/5 vscatterpf0qps c7.1/5 vscatterpf0qpd c7.0/6
  vscatterpf1qps c7.1/6 vscatterpf1qpd c8.0 vexp2ps c8.1 vexp2pd ca.0 vrcp28ps ca.1 vrcp28pd cb.0 vrcp28ss cb.1 vrcp28sd cc.0 vrsqrt28ps cc.1
  vrsqrt28pd cd.0 vrsqrt28ss cd.1 vrsqrt28sd cf.0 vgf2p8mulb dc vaesenc dd vaesenclast de vaesdec df vaesdeclast
0f 38 f3: 10.0 vpmovuswb 11.0 vpmovusdb 12.0 vpmovusqb 13.0 vpmovusdw 14.0 vpmovusqw 15.0 vpmovusqd 20.0 vpmovswb 21.0 vpmovsdb 22.0 vpmovsqb 23.0
  vpmovsdw 24.0 vpmovsqw 25.0 vpmovsqd 26.0 vptestnmb 26.1 vptestnmw 27.0 vptestnmd 27.1 vptestnmq 28.0 vpmovm2b 28.1 vpmovm2w 29.0 vpmovb2m 29.1
  vpmovw2m 2a.1 vpbroadcastmb2q 30.0 vpmovwb 31.0 vpmovdb 32.0 vpmovqb 33.0 vpmovdw 34.0 vpmovqw 35.0 vpmovqd 38.0 vpmovm2d 38.1 vpmovm2q 39.0
  vpmovd2m 39.1 vpmovq2m 3a.0 vpbroadcastmw2d 4e.0 vrsqrt14ps 4e.1 vrsqrt14pd 50.0 vpdpbsud 51.0 vpdpbsuds 52.0 vdpbf16ps 72.0 vcvtneps2bf16
0f 38 f2: 4e.0 vrsqrt14ps 4e.1 vrsqrt14pd 50.0 vpdpbssd 51.0 vpdpbssds 52.0 vp4dpwssd 53.0 vp4dpwssds 68.0 vp2intersectd 68.1 vp2intersectq 72.0
  vcvtne2ps2bf16 9a.0 v4fmaddps 9b.0 v4fmaddss aa.0 v4fnmaddps ab.0 v4fnmaddss
0f 3a np: 08.0 vrndscaleph 0a.0 vrndscalesh 26.0 vgetmantph 27.0 vgetmantsh 42.0 vdbpsadbw 56.0 vreduceph 57.0 vreducesh 66.0 vfpclassph 67.0
  vfpclasssh 70.1 vpshldw 72.1 vpshrdw c2.0 vcmpph
0f 3a 66: 00.1 vpermq 01.1 vpermpd 03.0 valignd 03.1 valignq 04.0 vpermilps 05.1 vpermilpd 08.0 vrndscaleps 09.1 vrndscalepd 0a.0 vrndscaless 0b.1
  vrndscalesd 0f vpalignr 14 vpextrb 15 vpextrw 16.0 vpextrd 16.1 vpextrq 17 vextractps 18.0 vinsertf32x4 18.1 vinsertf64x2 19.0 vextractf32x4 19.1
  vextractf64x2 1a.0 vinsertf32x8 1a.1 vinsertf64x4 1b.0 vextractf32x8 1b.1 vextractf64x4 1d.0 vcvtps2ph 1e.0 vpcmpud 1e.1 vpcmpuq 1f.0 vpcmpd 1f.1
  vpcmpq 20 vpinsrb 21.0 vinsertps 22.0 vpinsrd 22.1 vpinsrq 23.0 vshuff32x4 23.1 vshuff64x2 25.0 vpternlogd 25.1 vpternlogq 26.0 vgetmantps 26.1
  vgetmantpd 27.0 vgetmantss 27.1 vgetmantsd 38.0 vinserti32x4 38.1 vinserti64x2 39.0 vextracti32x4 39.1 vextracti64x2 3a.0 vinserti32x8 3a.1
  vinserti64x4 3b.0 vextracti32x8 3b.1 vextracti64x4 3e.0 vpcmpub 3e.1 vpcmpuw 3f.0 vpcmpb 3f.1 vpcmpw 42.0 vdbpsadbw 43.0 vshufi32x4 43.1 vshufi64x2
  44 vpclmulqdq 50.0 vrangeps 50.1 vrangepd 51.0 vrangess 51.1 vrangesd 54.0 vfixupimmps 54.1 vfixupimmpd 55.0 vfixupimmss 55.1 vfixupimmsd 56.0
  vreduceps 56.1 vreducepd 57.0 vreducess 57.1 vreducesd 66.0 vfpclassps 66.1 vfpclasspd 67.0 vfpclassss 67.1 vfpclasssd 70.1 vpshldw 71.0 vpshldd
  71.1 vpshldq 72.1 vpshrdw 73.0 vpshrdd 73.1 vpshrdq ce.1 vgf2p8affineqb cf.1 vgf2p8affineinvqb
0f 3a f3: 42.0 vdbpsadbw 70.1 vpshldw 72.1 vpshrdw c2.0 vcmpsh
0f 3a f2: 42.0 vdbpsadbw 70.1 vpshldw 72.1 vpshrdw
map5 np: 1d.0 vcvtss2sh 2e.0 vucomish 2f.0 vcomish 51.0 vsqrtph 58.0 vaddph 59.0 vmulph 5a.0 vcvtph2pd 5b.0 vcvtdq2ph 5b.1 vcvtqq2ph 5c.0 vsubph 5d.0
  vminph 5e.0 vdivph 5f.0 vmaxph 78.0 vcvttph2udq 79.0 vcvtph2udq 7c.0 vcvttph2uw 7d.0 vcvtph2uw
map5 66: 1d.0 vcvtps2phx 5a.1 vcvtpd2ph 5b.0 vcvtph2dq 6e vmovw 78.0 vcvttph2uqq 79.0 vcvtph2uqq 7a.0 vcvttph2qq 7b.0 vcvtph2qq 7c.0 vcvttph2w 7d.0
  vcvtph2w 7e vmovw
map5 f3: 10.0 vmovsh 11.0 vmovsh 2a vcvtsi2sh 2c vcvttsh2si 2d vcvtsh2si 51.0 vsqrtsh 58.0 vaddsh 59.0 vmulsh 5a.0 vcvtsh2sd 5b.0 vcvttph2dq 5c.0
  vsubsh 5d.0 vminsh 5e.0 vdivsh 5f.0 vmaxsh 78 vcvttsh2usi 79 vcvtsh2usi 7b vcvtusi2sh 7d.0 vcvtw2ph
map5 f2: 5a.1 vcvtsd2sh 7a.0 vcvtudq2ph 7a.1 vcvtuqq2ph 7d.0 vcvtuw2ph
map6 np: 13.0 vcvtsh2ss
map6 66: 13.0 vcvtph2psx 2c.0 vscalefph 2d.0 vscalefsh 42.0 vgetexpph 43.0 vgetexpsh 4c.0 vrcpph 4d.0 vrcpsh 4e.0 vrsqrtph 4f.0 vrsqrtsh 96.0
  vfmaddsub132ph 97.0 vfmsubadd132ph 98.0 vfmadd132ph 99.0 vfmadd132sh 9a.0 vfmsub132ph 9b.0 vfmsub132sh 9c.0 vfnmadd132ph 9d.0 vfnmadd132sh 9e.0
  vfnmsub132ph 9f.0 vfnmsub132sh a6.0 vfmaddsub213ph a7.0 vfmsubadd213ph a8.0 vfmadd213ph a9.0 vfmadd213sh aa.0 vfmsub213ph ab.0 vfmsub213sh ac.0
  vfnmadd213ph ad.0 vfnmadd213sh ae.0 vfnmsub213ph af.0 vfnmsub213sh b6.0 vfmaddsub231ph b7.0 vfmsubadd231ph b8.0 vfmadd231ph b9.0 vfmadd231sh ba.0
  vfmsub231ph bb.0 vfmsub231sh bc.0 vfnmadd231ph bd.0 vfnmadd231sh be.0 vfnmsub231ph bf.0 vfnmsub231sh
map6 f3: 56.0 vfmaddcph 57.0 vfmaddcsh d6.0 vfmulcph d7.0 vfmulcsh
map6 f2: 56.0 vfcmaddcph 57.0 vfcmaddcsh d6.0 vfcmulcph d7.0 vfcmulcsh
`;
const MAPS: Readonly<Record<string, number>> = { '0f': 1, '0f 38': 2, '0f 3a': 3, map5: 5, map6: 6 };
const PREFIXES = ['np', '66', 'f3', 'f2'];

/** By map, prefix, opcode and what else follows it in the text. */
let names: Map<string, string> | null = null;
function readNames(): Map<string, string> {
  const read = new Map<string, string>();
  for (const line of NAMES.trim().replaceAll(/\n +/g, ' ').split('\n')) {
    const [place = '', list = ''] = line.split(': '), [, map = '', prefix = ''] = /^(.*) (\w+)$/.exec(place) ?? [], words = list.split(' ');
    for (let n = 0; n + 1 < words.length; n += 2) read.set(`${MAPS[map]} ${PREFIXES.indexOf(prefix)} ${words[n]}`, words[n + 1]!);
  }
  return read;
}

/** No operand of theirs is in EVEX.vvvv, which has to be 1111. */
const WITHOUT_VVVV = /^v(pmov|p?broadcast|cvtt?(u?dq|u?qq|u?w|p[sdh])2|cvtneps|cvtt?[sph]*2u?si|sqrtp|rcp14p|rsqrt14p|getexpp|getmantp|rndscalep|reducep|pabs|plzcnt|popcnt|pconflict|pshuf[dhl]|p?compress|p?expand|p?extract|pextr|fpclass|u?comi|exp2|rcp28p|rsqrt28p|mov(ap|up|dq|nt|d$|q$|w$|s[hl]dup|ddup))/;

/** The name of the instruction whose EVEX prefix begins at `at`, or null. */
export function evexName(code: Uint8Array, at: number): string | null {
  const map = (code[at + 1] ?? 0) & 7, middle = code[at + 2] ?? 0, opcode = (code[at + 4] ?? 0).toString(16).padStart(2, '0');
  const key = `${map} ${middle & 3} ${opcode}`, wide = `.${middle >> 7}`, digit = `/${(code[at + 5] ?? 0) >> 3 & 7}`;
  names ??= readNames();
  const name = names.get(key) ?? names.get(key + wide) ?? names.get(key + digit) ?? names.get(key + wide + digit) ?? null;
  const hasRegister = (middle & 0x78) !== 0x78;
  return name !== null && hasRegister && WITHOUT_VVVV.test(name) ? null : name;
}
