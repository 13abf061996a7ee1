/**
 * The x87 FPU: escape opcodes D8-DF (SDM vol. 2, appendix A.5; vol. 1 ch. 8).
 * One line is one row; the notation is explained in ../README.md.
 */
export const x87Rows = `
# Arithmetic: with a float, a double, a 32- or 16-bit integer in memory; with a register
fadd               d8 /0                    m32
fmul               d8 /1                    m32
fcom               d8 /2                    m32
fcomp              d8 /3                    m32
fsub               d8 /4                    m32
fsubr              d8 /5                    m32
fdiv               d8 /6                    m32
fdivr              d8 /7                    m32
fadd               dc /0                    m64
fmul               dc /1                    m64
fcom               dc /2                    m64
fcomp              dc /3                    m64
fsub               dc /4                    m64
fsubr              dc /5                    m64
fdiv               dc /6                    m64
fdivr              dc /7                    m64
fiadd              da /0                    m32
fimul              da /1                    m32
ficom              da /2                    m32
ficomp             da /3                    m32
fisub              da /4                    m32
fisubr             da /5                    m32
fidiv              da /6                    m32
fidivr             da /7                    m32
fiadd              de /0                    m16
fimul              de /1                    m16
ficom              de /2                    m16
ficomp             de /3                    m16
fisub              de /4                    m16
fisubr             de /5                    m16
fidiv              de /6                    m16
fidivr             de /7                    m16
fadd               d8 c0+i                  st sti
fmul               d8 c8+i                  st sti
fcom               d8 d0+i                  sti
fcomp              d8 d8+i                  sti
fsub               d8 e0+i                  st sti
fsubr              d8 e8+i                  st sti
fdiv               d8 f0+i                  st sti
fdivr              d8 f8+i                  st sti
fadd               dc c0+i                  sti st
fmul               dc c8+i                  sti st
fsubr              dc e0+i                  sti st
fsub               dc e8+i                  sti st
fdivr              dc f0+i                  sti st
fdiv               dc f8+i                  sti st
faddp              de c0+i                  sti st
fmulp              de c8+i                  sti st
fsubrp             de e0+i                  sti st
fsubp              de e8+i                  sti st
fdivrp             de f0+i                  sti st
fdivp              de f8+i                  sti st

# Loads, stores, exchange
fld                d9 /0                    m32
fld                dd /0                    m64
fld                db /5                    m80
fld                d9 c0+i                  sti
fst                d9 /2                    m32
fst                dd /2                    m64
fst                dd d0+i                  sti
fstp               d9 /3                    m32
fstp               dd /3                    m64
fstp               db /7                    m80
fstp               dd d8+i                  sti
fild               df /0                    m16
fild               db /0                    m32
fild               df /5                    m64
fisttp             df /1                    m16
fisttp             db /1                    m32
fisttp             dd /1                    m64
fist               df /2                    m16
fist               db /2                    m32
fistp              df /3                    m16
fistp              db /3                    m32
fistp              df /7                    m64
fbld               df /4                    m80
fbstp              df /6                    m80
fxch               d9 c8+i                  sti
fcmovb             da c0+i                  st sti                   op=fcmovcc cc=2
fcmove             da c8+i                  st sti                   op=fcmovcc cc=4
fcmovbe            da d0+i                  st sti                   op=fcmovcc cc=6
fcmovu             da d8+i                  st sti                   op=fcmovcc cc=10
fcmovnb            db c0+i                  st sti                   op=fcmovcc cc=3
fcmovne            db c8+i                  st sti                   op=fcmovcc cc=5
fcmovnbe           db d0+i                  st sti                   op=fcmovcc cc=7
fcmovnu            db d8+i                  st sti                   op=fcmovcc cc=11

# Comparison
fucom              dd e0+i                  sti
fucomp             dd e8+i                  sti
fucompp            da e9
fcompp             de d9
fcomi              db f0+i                  st sti
fucomi             db e8+i                  st sti
fcomip             df f0+i                  st sti
fucomip            df e8+i                  st sti

# Constants and functions of st
fnop               d9 d0
fchs               d9 e0
fabs               d9 e1
ftst               d9 e4
fxam               d9 e5
fld1               d9 e8
fldl2t             d9 e9
fldl2e             d9 ea
fldpi              d9 eb
fldlg2             d9 ec
fldln2             d9 ed
fldz               d9 ee
f2xm1              d9 f0
fyl2x              d9 f1
fptan              d9 f2
fpatan             d9 f3
fxtract            d9 f4
fprem1             d9 f5
fdecstp            d9 f6
fincstp            d9 f7
fprem              d9 f8
fyl2xp1            d9 f9
fsqrt              d9 fa
fsincos            d9 fb
frndint            d9 fc
fscale             d9 fd
fsin               d9 fe
fcos               d9 ff

# Control
fldenv             d9 /4                    m0
fldcw              d9 /5                    m16
fnstenv            d9 /6                    m0
fnstcw             d9 /7                    m16
frstor             dd /4                    m0
fnsave             dd /6                    m0
fnstsw             dd /7                    m16
fnstsw             df e0                    ax
ffree              dd c0+i                  sti
ffreep             df c0+i                  sti
fnclex             db e2
fninit             db e3
fwait              9b

# What the 8087 and 80287 had does nothing; other encodings of the same operations
fneni              db e0                    -                        op=nop
fndisi             db e1                    -                        op=nop
fnsetpm            db e4                    -                        op=nop
fcom               dc d0+i                  sti
fcomp              dc d8+i                  sti
fcomp              de d0+i                  sti
fxch               dd c8+i                  sti
fxch               df c8+i                  sti
fstp               df d0+i                  sti
fstp               df d8+i                  sti
fstp               d9 d8+i                  sti                      op=fstpnce
`;
