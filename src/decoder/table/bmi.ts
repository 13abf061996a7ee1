/**
 * BMI1 and BMI2, but for what has no VEX (TZCNT, LZCNT: integer.ts; SDM vol. 2: ANDN, BEXTR ... SARX/SHLX/SHRX).
 * One line is one row; the notation is explained in ../README.md.
 */
export const bmiRows = `
andn               vex.128 np 0f 38 f2 /r           ry ry.v rmy
bextr              vex.128 np 0f 38 f7 /r           ry rmy ry.v
blsr               vex.128 np 0f 38 f3 /1           ry.v rmy
blsmsk             vex.128 np 0f 38 f3 /2           ry.v rmy
blsi               vex.128 np 0f 38 f3 /3           ry.v rmy
bzhi               vex.128 np 0f 38 f5 /r           ry rmy ry.v
pdep               vex.128 f2 0f 38 f5 /r           ry ry.v rmy
pext               vex.128 f3 0f 38 f5 /r           ry ry.v rmy
mulx               vex.128 f2 0f 38 f6 /r           ry ry.v rmy
shlx               vex.128 66 0f 38 f7 /r           ry rmy ry.v
sarx               vex.128 f3 0f 38 f7 /r           ry rmy ry.v
shrx               vex.128 f2 0f 38 f7 /r           ry rmy ry.v
rorx               vex.128 f2 0f 3a f0 /r ib        ry rmy imm8
`;
