/**
 * What the kernel costs, user to user, in core cycles, by where it runs. *Measured*: Linux 6.18 in a KVM guest on an AMD EPYC 7003 (bench/reference), with what that
 * processor mitigates in software: retpolines and the filling of the return stack. *Published*, where a figure is named with its source; *argued* otherwise.
 */
export interface Environment {
  readonly name: string;
  readonly what: string;
  /** Instruction-fetch fault served in the kernel without a signal. */
  readonly fetchFaultServed: number;
  /** Faults on demand-zero memory, on pages of files that are in memory, and on what is private and has to be copied first. */
  readonly minorFaultRead: number; readonly minorFaultWrite: number; readonly fileFault: number; readonly copyFault: number;
  /** From the fault or call to the handler; rt_sigreturn comes on top. */
  readonly signalDelivery: number;
  /** What #UD costs beyond another exception: a hypervisor may look at it first. */
  readonly undefinedOpcode: number;
  /** One instruction that the kernel interprets. */
  readonly instructionInterpreted: number;
  /** Any system call that is not named. */
  readonly systemCall: number;
  readonly calls: Readonly<Record<string, number>>;
  /** A walk of page tables, with those of the hypervisor where there is one. */
  readonly pageWalk: number;
  /** What of these calls depends on what they find: reads and writes of a pipe, protection that changes, mapped pages that were touched, a mapping that is replaced. */
  readonly pipeUsed: number; readonly protectionChanged: number; readonly pagesReleased: number; readonly mappingReplaced: number;
  /** What an entry into the kernel takes less where nothing is mitigated. Retpolines are all that is: two sets of page tables (KPTI), which a Zen 3 does without, are not modelled. */
  readonly mitigations: number;
}

export const GUEST: Environment = {
  name: 'guest', what: 'a kernel in a virtual machine, measured under KVM',
  fetchFaultServed: 1280, // vsyscall emulation of time(), 1270 to 1292
  minorFaultRead: 3100, minorFaultWrite: 6700, // 3031 to 3300; 6200 to 7313
  fileFault: 4750, copyFault: 8450, // memfd shared 4495 to 5026; memfd private 8183 to 8761
  signalDelivery: 8675, // SIGSEGV round trip 9375 less rt_sigreturn below
  undefinedOpcode: 18900, // ud2 28,178 against int3 9,212
  // Fetched by a copy from user memory (some 20 instructions with STAC and CLAC), decoded by tables, dispatched by an indirect branch that is mostly missed, its registers in memory: argued.
  instructionInterpreted: 100,
  systemCall: 304, // brk(0) 297, ENOSYS 307
  calls: {
    getppid: 437, getpid: 437, gettid: 437, rt_sigprocmask: 424, getcpu: 373, time: 322,
    rt_sigreturn: 700, // Argued: sigreturn reads a frame that delivery wrote.
    sendmsg: 4255, recvmsg: 4256, // A datagram of one byte through a socketpair(2), sent and received: 8511.
    trampfd_create: 7714, // An anonymous inode's file comes and goes: eventfd2 and close 8021, less the close that will be counted by itself.
    tramp_create: 737, // A small object is allocated (as much as contextWritten): no file, no descriptor.
    tramp_enter: 737, // Any system call; sequenceEmulated, whose work is much the same; and IRET instead of SYSRET, because RCX is not RIP any more: 132. Argued as a sum.
    memfd_create: 22000, ftruncate: 2500, // memfd_create, ftruncate, two mappings, a write, a call, unmapping, close: 70,194, less the rest
    mprotect: 1190, mmap: 6300, munmap: 6300, // mprotect that changes nothing 1189; mmap and munmap 12,034 to 12,716
  },
  pageWalk: 88, // a line a page, 4,096 of them: 104 to 106 a load, of which 12 are L2 and 7 the second TLB
  pipeUsed: 960, // one byte written and read 2,539 to 2,548, less two system calls
  protectionChanged: 7300, // a pair of mprotect 15,338 to 19,146
  pagesReleased: 5500, // mmap, touch, munmap: 23,758 to 29,633
  mappingReplaced: 7000, // with a second mmap, MAP_FIXED: 25,544 to 27,269
  mitigations: 60, // Two indirect calls through retpolines, some 30 cycles each: argued.
};

/** Published and argued: shorter ways without a hypervisor's second page table and its interrupts. */
export const BARE_METAL: Environment = {
  ...GUEST, name: 'bare-metal', what: 'a kernel on the processor itself, from what is published',
  fetchFaultServed: 1050, // Haswell: #PF 715 and iret 330 (L. Torvalds, 2014-04-30)
  minorFaultRead: 1050, minorFaultWrite: 1842, fileFault: 1500, copyFault: 2500, // first touch, i7 of the 11th generation, Linux 6.6: at least 1842
  signalDelivery: 3500, undefinedOpcode: 0, // round trips of 3,000 to 5,000: argued
  systemCall: 150, calls: { ...GUEST.calls, getppid: 280, getpid: 280, gettid: 280, rt_sigprocmask: 270, getcpu: 220, time: 170, rt_sigreturn: 500, mprotect: 700, mmap: 1500, munmap: 1500 },
  pageWalk: 30, // one table instead of two: argued
  pipeUsed: 500, protectionChanged: 1300, pagesReleased: 1000, mappingReplaced: 1500, // mprotect about 2,000: argued
};
export const ENVIRONMENTS: readonly Environment[] = [GUEST, BARE_METAL];
