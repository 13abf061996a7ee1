/**
 * VEX and EVEX encodings, recognised for their length: they raise #UD (SDM vol. 2 §2.3, §2.7).
 * One line is one row; the notation is explained in ../README.md.
 */
export const vexRows = `
# By map: 0F has immediates here and there, 0F3A always, 0F38 never. VZEROUPPER and VZEROALL have no ModRM
vex                vex 0f 77                -                        stop op=ud
vex                vex 0f 70 /r ib          -                        stop op=ud
vex                vex 0f 71 /r ib          -                        stop op=ud
vex                vex 0f 72 /r ib          -                        stop op=ud
vex                vex 0f 73 /r ib          -                        stop op=ud
vex                vex 0f c2 /r ib          -                        stop op=ud
vex                vex 0f c4 /r ib          -                        stop op=ud
vex                vex 0f c5 /r ib          -                        stop op=ud
vex                vex 0f c6 /r ib          -                        stop op=ud
vex                vex 0f * /r              -                        stop op=ud
vex                vex 0f 38 * /r           -                        stop op=ud
vex                vex 0f 3a * /r ib        -                        stop op=ud
evex               evex 0f 70 /r ib         -                        stop op=ud
evex               evex 0f 71 /r ib         -                        stop op=ud
evex               evex 0f 72 /r ib         -                        stop op=ud
evex               evex 0f 73 /r ib         -                        stop op=ud
evex               evex 0f c2 /r ib         -                        stop op=ud
evex               evex 0f c4 /r ib         -                        stop op=ud
evex               evex 0f c5 /r ib         -                        stop op=ud
evex               evex 0f c6 /r ib         -                        stop op=ud
evex               evex 0f * /r             -                        stop op=ud
evex               evex 0f 38 * /r          -                        stop op=ud
evex               evex 0f 3a * /r ib       -                        stop op=ud
evex               evex map5 * /r           -                        stop op=ud
evex               evex map6 * /r           -                        stop op=ud
`;
