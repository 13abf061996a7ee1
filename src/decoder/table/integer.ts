/**
 * The general-purpose instructions of 64-bit mode (SDM vol. 2, appendix A, tables ).
 * One line is one row; the notation is explained in ../README.md.
 */
export const integerRows = `
# Arithmetic and logic: op rm,r; op r,rm; op accumulator,imm; op rm,imm
add                00 /r                    rm8 r8                   lock
add                01 /r                    rm r                     lock
add                02 /r                    r8 rm8
add                03 /r                    r rm
add                04 ib                    al imm8
add                05 iz                    acc imm
or                 08 /r                    rm8 r8                   lock
or                 09 /r                    rm r                     lock
or                 0a /r                    r8 rm8
or                 0b /r                    r rm
or                 0c ib                    al imm8
or                 0d iz                    acc imm
adc                10 /r                    rm8 r8                   lock
adc                11 /r                    rm r                     lock
adc                12 /r                    r8 rm8
adc                13 /r                    r rm
adc                14 ib                    al imm8
adc                15 iz                    acc imm
sbb                18 /r                    rm8 r8                   lock
sbb                19 /r                    rm r                     lock
sbb                1a /r                    r8 rm8
sbb                1b /r                    r rm
sbb                1c ib                    al imm8
sbb                1d iz                    acc imm
and                20 /r                    rm8 r8                   lock
and                21 /r                    rm r                     lock
and                22 /r                    r8 rm8
and                23 /r                    r rm
and                24 ib                    al imm8
and                25 iz                    acc imm
sub                28 /r                    rm8 r8                   lock
sub                29 /r                    rm r                     lock
sub                2a /r                    r8 rm8
sub                2b /r                    r rm
sub                2c ib                    al imm8
sub                2d iz                    acc imm
xor                30 /r                    rm8 r8                   lock
xor                31 /r                    rm r                     lock
xor                32 /r                    r8 rm8
xor                33 /r                    r rm
xor                34 ib                    al imm8
xor                35 iz                    acc imm
cmp                38 /r                    rm8 r8
cmp                39 /r                    rm r
cmp                3a /r                    r8 rm8
cmp                3b /r                    r rm
cmp                3c ib                    al imm8
cmp                3d iz                    acc imm
add                80 /0 ib                 rm8 imm8                 lock
or                 80 /1 ib                 rm8 imm8                 lock
adc                80 /2 ib                 rm8 imm8                 lock
sbb                80 /3 ib                 rm8 imm8                 lock
and                80 /4 ib                 rm8 imm8                 lock
sub                80 /5 ib                 rm8 imm8                 lock
xor                80 /6 ib                 rm8 imm8                 lock
cmp                80 /7 ib                 rm8 imm8
add                81 /0 iz                 rm imm                   lock
or                 81 /1 iz                 rm imm                   lock
adc                81 /2 iz                 rm imm                   lock
sbb                81 /3 iz                 rm imm                   lock
and                81 /4 iz                 rm imm                   lock
sub                81 /5 iz                 rm imm                   lock
xor                81 /6 iz                 rm imm                   lock
cmp                81 /7 iz                 rm imm
add                83 /0 ib                 rm imm8s                 lock
or                 83 /1 ib                 rm imm8s                 lock
adc                83 /2 ib                 rm imm8s                 lock
sbb                83 /3 ib                 rm imm8s                 lock
and                83 /4 ib                 rm imm8s                 lock
sub                83 /5 ib                 rm imm8s                 lock
xor                83 /6 ib                 rm imm8s                 lock
cmp                83 /7 ib                 rm imm8s

# Rotates and shifts; /6 is a second SHL
rol                c0 /0 ib                 rm8 imm8
ror                c0 /1 ib                 rm8 imm8
rcl                c0 /2 ib                 rm8 imm8
rcr                c0 /3 ib                 rm8 imm8
shl                c0 /4 ib                 rm8 imm8
shr                c0 /5 ib                 rm8 imm8
shl                c0 /6 ib                 rm8 imm8
sar                c0 /7 ib                 rm8 imm8
rol                c1 /0 ib                 rm imm8
ror                c1 /1 ib                 rm imm8
rcl                c1 /2 ib                 rm imm8
rcr                c1 /3 ib                 rm imm8
shl                c1 /4 ib                 rm imm8
shr                c1 /5 ib                 rm imm8
shl                c1 /6 ib                 rm imm8
sar                c1 /7 ib                 rm imm8
rol                d0 /0                    rm8 1
ror                d0 /1                    rm8 1
rcl                d0 /2                    rm8 1
rcr                d0 /3                    rm8 1
shl                d0 /4                    rm8 1
shr                d0 /5                    rm8 1
shl                d0 /6                    rm8 1
sar                d0 /7                    rm8 1
rol                d1 /0                    rm 1
ror                d1 /1                    rm 1
rcl                d1 /2                    rm 1
rcr                d1 /3                    rm 1
shl                d1 /4                    rm 1
shr                d1 /5                    rm 1
shl                d1 /6                    rm 1
sar                d1 /7                    rm 1
rol                d2 /0                    rm8 cl
ror                d2 /1                    rm8 cl
rcl                d2 /2                    rm8 cl
rcr                d2 /3                    rm8 cl
shl                d2 /4                    rm8 cl
shr                d2 /5                    rm8 cl
shl                d2 /6                    rm8 cl
sar                d2 /7                    rm8 cl
rol                d3 /0                    rm cl
ror                d3 /1                    rm cl
rcl                d3 /2                    rm cl
rcr                d3 /3                    rm cl
shl                d3 /4                    rm cl
shr                d3 /5                    rm cl
shl                d3 /6                    rm cl
sar                d3 /7                    rm cl

# More arithmetic
inc                fe /0                    rm8                      lock
dec                fe /1                    rm8                      lock
inc                ff /0                    rm                       lock
dec                ff /1                    rm                       lock
test               f6 /0 ib                 rm8 imm8
test               f6 /1 ib                 rm8 imm8
not                f6 /2                    rm8                      lock
neg                f6 /3                    rm8                      lock
mul                f6 /4                    rm8
imul               f6 /5                    rm8
div                f6 /6                    rm8
idiv               f6 /7                    rm8
test               f7 /0 iz                 rm imm
test               f7 /1 iz                 rm imm
not                f7 /2                    rm                       lock
neg                f7 /3                    rm                       lock
mul                f7 /4                    rm
imul               f7 /5                    rm
div                f7 /6                    rm
idiv               f7 /7                    rm
imul               0f af /r                 r rm
imul               69 /r iz                 r rm imm
imul               6b /r ib                 r rm imm8s
test               84 /r                    rm8 r8
test               85 /r                    rm r
test               a8 ib                    al imm8
test               a9 iz                    acc imm
cbw|cwde|cdqe      98
cwd|cdq|cqo        99
xadd               0f c0 /r                 rm8 r8                   lock
xadd               0f c1 /r                 rm r                     lock
cmpxchg            0f b0 /r                 rm8 r8                   lock
cmpxchg            0f b1 /r                 rm r                     lock
cmpxchg16b         rex.w 0f c7 /1           m128                     lock
cmpxchg8b          0f c7 /1                 m64                      lock
adcx               66 0f 38 f6 /r           ry rmy
adox               f3 0f 38 f6 /r           ry rmy

# Moves
mov                88 /r                    rm8 r8
mov                89 /r                    rm r
mov                8a /r                    r8 rm8
mov                8b /r                    r rm
mov                8c /r                    r/m16 sreg
mov                8e /r                    sreg r/m16
movabs             a0                       al moffs8                op=mov
movabs             a1                       acc moffs                op=mov
movabs             a2                       moffs8 al                op=mov
movabs             a3                       moffs acc                op=mov
mov                b0+r ib                  r8 imm8
mov                b8+r iz                  r imm
movabs             rex.w b8+r iq            r64 imm64                op=mov
mov                c6 /0 ib                 rm8 imm8
mov                c7 /0 iz                 rm imm
movsxd             63 /r                    r rm32
movzx              0f b6 /r                 r rm8
movzx              0f b7 /r                 r rm16
movsx              0f be /r                 r rm8
movsx              0f bf /r                 r rm16
lea                8d /r                    r m0
xchg               86 /r                    rm8 r8                   lock
xchg               87 /r                    rm r                     lock
xchg               90+r                     r acc
bswap              0f c8+r                  r
movbe              nfx 0f 38 f0 /r          r m
movbe              nfx 0f 38 f1 /r          m r
movnti             np 0f c3 /r              my ry
cmovcc             0f 40+cc /r              r rm
setcc              0f 90+cc /r              rm8
xlat               d7                       -                        size=1
sahf               9e
lahf               9f

# The stack
push               50+r                     r                        d64
pop                58+r                     r                        d64
pushw|push         68 iz                    imm                      d64
pushw|push         6a ib                    imm8s                    d64
push               ff /6                    rm                       d64
pop                8f /0                    rm                       d64
pushw|push         0f a0                    fs                       d64
popw|pop           0f a1                    fs                       d64
pushw|push         0f a8                    gs                       d64
popw|pop           0f a9                    gs                       d64
pushfw|pushf       9c                       -                        d64
popfw|popf         9d                       -                        d64
enterw|enter       c8 iw ib                 imm16 imm8               d64
leavew|leave       c9                       -                        d64

# Shifts of two registers, bits
shld               0f a4 /r ib              rm r imm8
shld               0f a5 /r                 rm r cl
shrd               0f ac /r ib              rm r imm8
shrd               0f ad /r                 rm r cl
bt                 0f a3 /r                 rm r
bt                 0f ba /4 ib              rm imm8
bts                0f ab /r                 rm r                     lock
bts                0f ba /5 ib              rm imm8                  lock
btr                0f b3 /r                 rm r                     lock
btr                0f ba /6 ib              rm imm8                  lock
btc                0f bb /r                 rm r                     lock
btc                0f ba /7 ib              rm imm8                  lock
tzcnt              f3 0f bc /r              r rm
bsf                0f bc /r                 r rm
lzcnt              f3 0f bd /r              r rm
bsr                0f bd /r                 r rm
popcnt             f3 0f b8 /r              r rm
crc32              f2 0f 38 f0 /r           ry rm8
crc32              f2 0f 38 f1 /r           ry rm

# Strings: size and prefixes say everything
movs               a4                       -                        rep size=1
movs               a5                       -                        rep
cmps               a6                       -                        rep size=1
cmps               a7                       -                        rep
stos               aa                       -                        rep size=1
stos               ab                       -                        rep
lods               ac                       -                        rep size=1
lods               ad                       -                        rep
scas               ae                       -                        rep size=1
scas               af                       -                        rep
ins                6c                       -                        rep size=1 stop
ins                6d                       -                        rep max32 stop
outs               6e                       -                        rep size=1 stop
outs               6f                       -                        rep max32 stop

# Control
jcc                70+cc jb                 rel                      d64 branch
jcc                0f 80+cc jz              rel                      d64 branch
loopne             e0 jb                    rel                      d64 branch
loope              e1 jb                    rel                      d64 branch
loop               e2 jb                    rel                      d64 branch
jecxz              a32 e3 jb                rel                      d64 branch
jrcxz              e3 jb                    rel                      d64 branch
callw|call         e8 jz                    rel                      d64 call op=call
jmpw|jmp           e9 jz                    rel                      d64 jump op=jmp
jmp                eb jb                    rel                      d64 jump
call               ff /2                    rm                       d64 call-indirect
jmp                ff /4                    rm                       d64 jump-indirect
call               ff /3                    mp                       op=lcall stop
jmp                ff /5                    mp                       op=ljmp stop
retw|ret           c2 iw                    imm16                    d64 return
retw|ret           c3                       -                        d64 return
retfw|retf|retfq   ca iw                    imm16                    op=retf stop
retfw|retf|retfq   cb                       -                        op=retf stop
int3               cc                       -                        stop
int                cd ib                    imm8                     stop
int1               f1                       -                        stop
iretw|iret|iretq   cf                       -                        op=iret stop
ud2                0f 0b                    -                        stop op=ud
ud1                0f b9 /r                 r rm                     stop op=ud
ud0                0f ff /r                 r rm                     stop op=ud
xabort             c6 f8 ib                 imm8                     stop op=ud
xbegin             c7 f8 jz                 rel                      stop op=ud

# Flags
cmc                f5
clc                f8
stc                f9
cld                fc
std                fd

# Nothing, and hints (0F 18-1F are NOPs where they are not something else)
pause              f3 !rex.b 90
nop                np !rex.b 90
nop                f2 !rex.b 90
prefetch           0f 0d /0                 m8
prefetchw          0f 0d /1                 m8
prefetchwt1        0f 0d /2                 m8
prefetch           0f 0d /3                 m8
prefetch           0f 0d /4                 m8
prefetch           0f 0d /5                 m8
prefetch           0f 0d /6                 m8
prefetch           0f 0d /7                 m8
prefetchnta        0f 18 /0                 m8
prefetcht0         0f 18 /1                 m8
prefetcht1         0f 18 /2                 m8
prefetcht2         0f 18 /3                 m8
cldemote           np 0f 1c /0              m8                       op=nop
endbr64            f3 0f 1e fa
endbr32            f3 0f 1e fb
rdsspq             f3 rex.w 0f 1e /1        r64.rm
rdsspd             f3 0f 1e /1              r32.rm
nop                0f 1f /r                 rm
nop                0f 18 /r                 rm
nop                0f 19 /r                 rm
nop                0f 1a /r                 rm
nop                0f 1b /r                 rm
nop                0f 1c /r                 rm
nop                0f 1d /r                 rm
nop                0f 1e /r                 rm
`;
