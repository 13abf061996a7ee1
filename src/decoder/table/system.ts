/**
 * Ports, kernel entry, identification, privileged instructions, saved state (SDM vol. 2; vol. 3A §2.8).
 * One line is one row; the notation is explained in ../README.md.
 */
export const systemRows = `
# Ports
in                 e4 ib                    al imm8                  stop
in                 e5 ib                    acc imm8                 max32 stop
out                e6 ib                    imm8 al                  stop
out                e7 ib                    imm8 acc                 max32 stop
in                 ec                       al dx                    stop
in                 ed                       acc dx                   max32 stop
out                ee                       dx al                    stop
out                ef                       dx acc                   max32 stop

# The way into the kernel and back
syscall            0f 05                    -                        stop
sysretq            rex.w 0f 07              -                        stop op=sysret
sysretd            0f 07                    -                        stop op=sysret
sysenter           0f 34                    -                        stop
sysexitq           rex.w 0f 35              -                        stop op=sysexit
sysexitd           0f 35                    -                        stop op=sysexit
swapgs             0f 01 f8                 -                        stop

# What the processor is, and its counters
cpuid              0f a2                    -                        stop
rdtsc              0f 31                    -                        stop
rdtscp             0f 01 f9                 -                        stop
rdpmc              0f 33                    -                        stop
xgetbv             np 0f 01 d0              -                        stop
xsetbv             np 0f 01 d1              -                        stop
rdpid              f3 0f c7 /7              r64.rm
rdrand             nfx 0f c7 /6             r.rm
rdseed             nfx 0f c7 /7             r.rm

# Segment bases and descriptors
rdfsbase           f3 0f ae /0              ry.rm
rdgsbase           f3 0f ae /1              ry.rm
wrfsbase           f3 0f ae /2              ry.rm
wrgsbase           f3 0f ae /3              ry.rm
sldt               0f 00 /0                 r/m16                    stop
str                0f 00 /1                 r/m16                    stop
lldt               0f 00 /2                 rm16                     stop
ltr                0f 00 /3                 rm16                     stop
verr               0f 00 /4                 rm16                     stop
verw               0f 00 /5                 rm16                     stop
sgdt               0f 01 /0                 m0                       stop
sidt               0f 01 /1                 m0                       stop
lgdt               0f 01 /2                 m0                       stop
lidt               0f 01 /3                 m0                       stop
smsw               0f 01 /4                 r/m16                    stop
lmsw               0f 01 /6                 rm16                     stop
invlpg             0f 01 /7                 m8                       stop
lar                0f 02 /r                 r r/m16                  stop
lsl                0f 03 /r                 r r/m16                  stop
lss                0f b2 /r                 r mp                     stop
lfs                0f b4 /r                 r mp                     stop
lgs                0f b5 /r                 r mp                     stop

# Privileged: #GP in user mode
hlt                f4                       -                        stop
cli                fa                       -                        stop
sti                fb                       -                        stop
clts               0f 06                    -                        stop
invd               0f 08                    -                        stop
wbnoinvd           f3 0f 09                 -                        stop
wbinvd             0f 09                    -                        stop
wrmsr              0f 30                    -                        stop
rdmsr              0f 32                    -                        stop
rsm                0f aa                    -                        stop op=ud
mov                0f 20 /r                 r64.any cr               stop
mov                0f 21 /r                 r64.any dr               stop
mov                0f 22 /r                 cr r64.any               stop
mov                0f 23 /r                 dr r64.any               stop
invpcid            66 0f 38 82 /r           r64 m128                 stop

# Virtual machines, monitors, protection keys: not there
vmcall             np 0f 01 c1              -                        stop op=ud
vmlaunch           np 0f 01 c2              -                        stop op=ud
vmresume           np 0f 01 c3              -                        stop op=ud
vmxoff             np 0f 01 c4              -                        stop op=ud
monitor            np 0f 01 c8              -                        stop op=ud
mwait              np 0f 01 c9              -                        stop op=ud
clac               np 0f 01 ca              -                        stop op=ud
stac               np 0f 01 cb              -                        stop op=ud
vmfunc             np 0f 01 d4              -                        stop op=ud
xend               np 0f 01 d5              -                        stop op=ud
xtest              np 0f 01 d6              -                        stop op=ud
vmrun              np 0f 01 d8              -                        stop op=ud
vmmcall            np 0f 01 d9              -                        stop op=ud
vmload             np 0f 01 da              -                        stop op=ud
vmsave             np 0f 01 db              -                        stop op=ud
stgi               np 0f 01 dc              -                        stop op=ud
clgi               np 0f 01 dd              -                        stop op=ud
invlpga            np 0f 01 df              -                        stop op=ud
serialize          np 0f 01 e8              -                        stop op=ud
rdpkru             np 0f 01 ee              -                        stop op=ud
wrpkru             np 0f 01 ef              -                        stop op=ud
monitorx           np 0f 01 fa              -                        stop op=ud
mwaitx             np 0f 01 fb              -                        stop op=ud
clzero             np 0f 01 fc              -                        stop op=ud
rdpru              np 0f 01 fd              -                        stop op=ud
vmread             np 0f 78 /r              rm64 r64                 stop op=ud
vmwrite            np 0f 79 /r              r64 rm64                 stop op=ud
vmptrld            np 0f c7 /6              m64                      stop op=ud
vmclear            66 0f c7 /6              m64                      stop op=ud
vmxon              f3 0f c7 /6              m64                      stop op=ud
vmptrst            np 0f c7 /7              m64                      stop op=ud
incsspq            f3 rex.w 0f ae /5        r64.rm                   stop op=ud
incsspd            f3 0f ae /5              r32.rm                   stop op=ud
invept             66 0f 38 80 /r           r64 m128                 stop op=ud
invvpid            66 0f 38 81 /r           r64 m128                 stop op=ud

# Saving extended state; fences; cache lines
fxsave64           np rex.w 0f ae /0        m4096
fxsave             np 0f ae /0              m4096
fxrstor64          np rex.w 0f ae /1        m4096
fxrstor            np 0f ae /1              m4096
ldmxcsr            np 0f ae /2              m32
stmxcsr            np 0f ae /3              m32
xsave64            np rex.w 0f ae /4        m0
xsave              np 0f ae /4              m0
xrstor64           np rex.w 0f ae /5        m0
xrstor             np 0f ae /5              m0
xsaveopt64         np rex.w 0f ae /6        m0
xsaveopt           np 0f ae /6              m0
xsavec64           np rex.w 0f c7 /4        m0
xsavec             np 0f c7 /4              m0
xrstors64          np rex.w 0f c7 /3        m0                       stop
xrstors            np 0f c7 /3              m0                       stop
xsaves64           np rex.w 0f c7 /5        m0                       stop
xsaves             np 0f c7 /5              m0                       stop
lfence             np 0f ae e8+i
mfence             np 0f ae f0+i
sfence             np 0f ae f8+i
clflush            np 0f ae /7              m8
clflushopt         66 0f ae /7              m8
clwb               66 0f ae /6              m8
`;
