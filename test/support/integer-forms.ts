/** The integer instructions, form by form, as assembly bodies over rax rbx rcx rdx r8 r9, flags and 32 bytes at [rsi] (SDM vol. 2). */

/** `undefined`: flags the manual leaves undefined, as letters of "oszapc". */
export interface FormCase { readonly body: string; readonly undefined: string }
type Size = 1 | 2 | 4 | 8;
const SIZES: readonly Size[] = [1, 2, 4, 8];
const A: Record<Size, string> = { 1: 'al', 2: 'ax', 4: 'eax', 8: 'rax' };
const B: Record<Size, string> = { 1: 'bl', 2: 'bx', 4: 'ebx', 8: 'rbx' };
const C: Record<Size, string> = { 1: 'cl', 2: 'cx', 4: 'ecx', 8: 'rcx' };
const D: Record<Size, string> = { 1: 'dl', 2: 'dx', 4: 'edx', 8: 'rdx' };
const R9: Record<Size, string> = { 1: 'r9b', 2: 'r9w', 4: 'r9d', 8: 'r9' };
const P: Record<Size, string> = { 1: 'byte ptr', 2: 'word ptr', 4: 'dword ptr', 8: 'qword ptr' };
const IMM: Record<Size, readonly string[]> = { 1: ['-1', '0x7f', '5'], 2: ['-1', '0x1234', '0x7fff'], 4: ['-1', '0x12345678', '100'], 8: ['-1', '-0x80000000', '0x7fffffff'] };
const CC = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const cases: FormCase[] = [];
const form = (body: string, undefined = ''): void => { cases.push({ body, undefined }); };
const bySize = (make: (s: Size) => void, sizes: readonly Size[] = SIZES): void => { for (const s of sizes) make(s); };

for (const [op, undefinedFlags] of [['add', ''], ['adc', ''], ['sub', ''], ['sbb', ''], ['cmp', ''], ['and', 'a'], ['or', 'a'], ['xor', 'a'], ['test', 'a']] as const) {
  bySize(s => {
    form(`${op} ${A[s]}, ${C[s]}`, undefinedFlags);
    form(`${op} ${R9[s]}, ${B[s]}`, undefinedFlags);
    form(`${op} ${P[s]} [rsi], ${C[s]}`, undefinedFlags);
    if (op !== 'test') form(`${op} ${B[s]}, ${P[s]} [rsi+8]`, undefinedFlags);
    for (const imm of IMM[s]) {
      form(`${op} ${A[s]}, ${imm}`, undefinedFlags);
      form(`${op} ${C[s]}, ${imm}`, undefinedFlags);
      form(`${op} ${P[s]} [rsi+3], ${imm}`, undefinedFlags);
    }
  });
}
form('add ah, bl'); form('sub ch, dh'); form('xor bh, ah', 'a'); form('cmp dh, 0x80'); form('adc ah, byte ptr [rsi]');
form('lock add qword ptr [rsi], rax'); form('lock inc dword ptr [rsi+4]'); form('lock xadd qword ptr [rsi+8], rbx');
bySize(s => {
  for (const op of ['inc', 'dec', 'neg', 'not']) { form(`${op} ${A[s]}`); form(`${op} ${P[s]} [rsi+5]`); }
  form(`mul ${C[s]}`, 'szap'); form(`imul ${C[s]}`, 'szap'); form(`mul ${P[s]} [rsi]`, 'szap'); form(`imul ${P[s]} [rsi+8]`, 'szap');
  form(`xchg ${B[s]}, ${C[s]}`); form(`xchg ${P[s]} [rsi], ${D[s]}`); form(`xadd ${A[s]}, ${C[s]}`); form(`xadd ${P[s]} [rsi], ${C[s]}`);
  form(`xadd ${B[s]}, ${B[s]}`);
  form(`cmpxchg ${B[s]}, ${C[s]}`); form(`cmpxchg ${P[s]} [rsi], ${C[s]}`); form(`mov ${A[s]}, ${B[s]}\nlock cmpxchg ${B[s]}, ${C[s]}`.replace('lock ', ''));
  form(`mov ${A[s]}, ${P[s]} [rsi]\nlock cmpxchg ${P[s]} [rsi], ${D[s]}`);
});
bySize(s => {
  form(`imul ${A[s]}, ${C[s]}`, 'szap'); form(`imul ${B[s]}, ${P[s]} [rsi]`, 'szap'); form(`imul ${B[s]}, ${C[s]}, 7`, 'szap'); form(`imul ${D[s]}, ${P[s]} [rsi], ${IMM[s][1]}`, 'szap');
}, [2, 4, 8]);
// Divisions that cannot fault: the dividend's high part is smaller than the divisor.
form('movzx eax, al\nor cl, 1\ndiv cl', 'oszapc'); form('movsx ax, al\nor cl, 64\nand cl, 127\nidiv cl', 'oszapc');
form('mov edx, 0\nor cx, 1\ndiv cx', 'oszapc'); form('cwd\nmov cx, 77\nidiv cx', 'oszapc');
form('mov edx, 0\nor ecx, 1\ndiv ecx', 'oszapc'); form('cdq\nor ecx, 2\nand ecx, 0x7fffffff\nidiv ecx', 'oszapc');
form('mov edx, 0\nor rcx, 1\ndiv rcx', 'oszapc'); form('cqo\nor rcx, 2\nshr rcx, 1\nor rcx, 2\nidiv rcx', 'oszapc');
form('or rcx, 1\nshr rdx, 1\nbts rcx, 63\ndiv rcx', 'oszapc'); form('bts rcx, 62\nbtr rcx, 63\nsar rdx, 3\nidiv rcx', 'oszapc');
form('mov edx, 5\nor ecx, 0x100\ndiv ecx', 'oszapc'); form('mov ecx, 10\nxor edx, edx\ndiv dword ptr [rsi]\n'.replace('div dword ptr [rsi]', 'div ecx'), 'oszapc');

for (const op of ['shl', 'shr', 'sar'] as const) {
  bySize(s => {
    form(`${op} ${A[s]}, 1`, 'a'); form(`${op} ${P[s]} [rsi], 1`, 'a'); form(`${op} ${B[s]}, 3`, 'ao'); form(`${op} ${P[s]} [rsi+1], ${8 * s - 1}`, 'ao'); form(`${op} ${B[s]}, 0`);
    form(s === 1 ? `and cl, 7\n${op} bl, cl` : s === 2 ? `and cl, 15\n${op} bx, cl` : `${op} ${B[s]}, cl`, 'ao' + (s < 4 ? 'szpc' : ''));
    form(`mov cl, 0\ncmp rax, rbx\n${op} ${B[s]}, cl`); form(`mov cl, ${s === 8 ? 64 : 32}\n${op} ${B[s]}, cl`);
  });
}
for (const op of ['rol', 'ror', 'rcl', 'rcr'] as const) {
  bySize(s => {
    form(`${op} ${A[s]}, 1`); form(`${op} ${P[s]} [rsi], 1`); form(`${op} ${B[s]}, 3`, 'o'); form(`${op} ${P[s]} [rsi+1], ${8 * s - 1}`, 'o');
    form(`${op} ${B[s]}, cl`, 'o'); form(`mov cl, 0\n${op} ${B[s]}, cl`); form(`mov cl, ${8 * s}\n${op} ${D[s]}, cl`, 'o'); form(`mov cl, ${8 * s + 1}\n${op} ${D[s]}, cl`, 'o');
  });
}
for (const op of ['shld', 'shrd']) {
  bySize(s => {
    form(`${op} ${A[s]}, ${B[s]}, 1`, 'a'); form(`${op} ${P[s]} [rsi], ${B[s]}, 5`, 'ao'); form(`${s === 2 ? 'and cl, 15\n' : ''}${op} ${A[s]}, ${B[s]}, cl`, 'ao' + (s === 2 ? 'szpc' : ''));
    form(`mov cl, 0\n${op} ${A[s]}, ${B[s]}, cl`);
  }, [2, 4, 8]);
}
for (const op of ['bt', 'bts', 'btr', 'btc']) {
  bySize(s => {
    form(`${op} ${A[s]}, ${C[s]}`, 'osap'); form(`${op} ${A[s]}, ${8 * s - 1}`, 'osap'); form(`${op} ${P[s]} [rsi], 9`, 'osap');
    form(`movsx rcx, cl\n${op} ${P[s]} [rsi+16], ${C[s]}`, 'osap');
  }, [2, 4, 8]);
}
bySize(s => {
  form(`bsf ${A[s]}, ${C[s]}`, 'osapc'); form(`bsr ${A[s]}, ${C[s]}`, 'osapc'); form(`bsr ${A[s]}, ${P[s]} [rsi]`, 'osapc'); form(`mov ecx, 0\nbsf ${A[s]}, ${C[s]}`, 'osapc');
  form(`popcnt ${A[s]}, ${C[s]}`); form(`lzcnt ${A[s]}, ${C[s]}`); form(`tzcnt ${A[s]}, ${C[s]}`); form(`mov ecx, 0\ntzcnt ${A[s]}, ${C[s]}`); form(`lzcnt ${B[s]}, ${P[s]} [rsi+7]`);
  form(`movbe ${A[s]}, ${P[s]} [rsi]`); form(`movbe ${P[s]} [rsi+2], ${B[s]}`);
  for (const cc of CC) form(`cmov${cc} ${A[s]}, ${C[s]}`);
  form(`cmovs ${B[s]}, ${P[s]} [rsi]`);
}, [2, 4, 8]);
for (const cc of CC) { form(`set${cc} al`); form(`set${cc} byte ptr [rsi+2]`); form(`j${cc} 1f\nmov rbx, rcx\n1: nop`); form(`set${cc} ah`); }
for (const [op, to] of [['movzx', A], ['movsx', B]] as const) {
  for (const s of [2, 4, 8] as const) { form(`${op} ${to[s]}, cl`); form(`${op} ${to[s]}, byte ptr [rsi+3]`); if (s > 2) { form(`${op} ${to[s]}, cx`); form(`${op} ${to[s]}, word ptr [rsi]`); } }
}
form('movsxd rax, ecx'); form('movsxd rbx, dword ptr [rsi]'); form('movzx eax, ch'); form('movsx ebx, dh');
bySize(s => { form(`mov ${A[s]}, ${C[s]}`); form(`mov ${P[s]} [rsi], ${R9[s]}`); form(`mov ${R9[s]}, ${P[s]} [rsi+9]`); form(`mov ${P[s]} [rsi+4], ${IMM[s][0]}`); form(`mov ${B[s]}, ${IMM[s][1]}`); });
form('mov ah, cl'); form('mov dl, bh'); form('movabs rax, 0x123456789abcdef0'); form('mov r8d, 0xffffffff');
for (const body of ['cbw', 'cwde', 'cdqe', 'cwd', 'cdq', 'cqo', 'bswap eax', 'bswap r9', 'clc', 'stc', 'cmc', 'lahf', 'sahf', 'cld', 'nop', 'pause', 'xlat', 'endbr64', 'lfence', 'mfence', 'sfence'].filter(b => b !== 'xlat')) form(body);
form('lea rbx, [rsi]\nxor eax, eax\nxlat', 'a'); form('and eax, 15\nlea rbx, [rsi]\nxlat', 'a');
form('lea rax, [rbx+rcx*4+0x7f]'); form('lea eax, [rbx+rcx*8-5]'); form('lea ax, [rbx+rcx]'); form('lea rdx, [rcx*2+0x12345]'); form('lea rax, [ebx+ecx]'); form('lea r9d, [r8d+r8d*4]');
form('push rax\npop rbx'); form('push cx\npop dx'); form('push -5\npop r8'); form('push 0x12345678\npop r9'); form('push qword ptr [rsi]\npop qword ptr [rsi+8]'); form('pushf\npop rax\nand eax, 0xcd5', 'a');
form('push rax\npush rbx\npop qword ptr [rsp]\npop rcx'); form('and eax, 0xcd5\npush rax\npopf'); form('mov r8, rsp\npush rsp\npop rax\nsub rax, r8\nmov r8, rax');
form('mov r8, rbp\nmov r9, rsp\nenter 32, 0\nsub r9, rbp\nleave\nsub r8, rbp\nmov rax, r9'); form('mov r8, rbp\nmov r9, rsp\nlea rbp, [rsp-64]\nmov [rbp-8], rax\nsub rsp, 256\nenter 16, 2\nmov rcx, [rbp-8]\nmov rdx, rsp\nsub rdx, r9\nmov rsp, r9\nmov rbp, r8\nmov r9, rbx\nmov r8, rbx');
form('mov ecx, 3\n1: add rax, rbx\nloop 1b'); form('mov ecx, 5\n1: shr rax, 1\nloopne 1b', 'oa'); form('mov ecx, 5\n1: cmp bl, 3\nloope 1b'); form('mov ecx, 0\njrcxz 1f\nmov rax, rbx\n1: nop'); form('jrcxz 1f\nmov rax, rbx\n1: nop'); form('jecxz 1f\nmov rax, rbx\n1: nop');
form('call 1f\n1: pop rax\nlea rbx, [rip+1b]\nsub rax, rbx'); form('lea rax, [rip+1f]\njmp rax\nmov rbx, 0\n1: xor eax, eax', 'a'); form('lea rax, [rip+1f]\npush rax\nret\nmov rbx, 0\n1: xor eax, eax', 'a'); form('push rbx\npush rcx\nlea rax, [rip+1f]\npush rax\nret 16\n1: xor eax, eax', 'a'); form('lea rax, [rip+1f]\nmov [rsi], rax\ncall qword ptr [rsi]\njmp 2f\n1: mov rbx, rcx\nret\n2: xor eax, eax\nmov [rsi], rax', 'a');
form('mov eax, [rsi]\nmov edx, [rsi+4]\ncmpxchg8b [rsi]'); form('cmpxchg8b [rsi]'); form('lock cmpxchg16b [rsi]'); form('mov rax, [rsi]\nmov rdx, [rsi+8]\nlock cmpxchg16b [rsi]');
form('adcx rax, rcx'); form('adox rax, rcx'); form('adcx ebx, dword ptr [rsi]'); form('adox r9d, edx');
form('crc32 eax, cl'); form('crc32 ebx, cx'); form('crc32 eax, edx'); form('crc32 rbx, rcx'); form('crc32 rax, byte ptr [rsi]');

/** Strings: rdi is saved in r9, because the harness needs it. */
const withStrings = (body: string): string => `mov r9, rdi\nmov r8, rsi\nlea rdi, [rsi+11]\n${body}\nsub rsi, r8\nmov rbx, rsi\nsub rdi, r8\nmov rdx, rdi\nmov rsi, r8\nmov rdi, r9\nxor r8d, r8d\nxor r9d, r9d`;
for (const s of ['b', 'w', 'd', 'q']) {
  for (const op of ['movs', 'stos', 'lods']) { form(withStrings(`${op}${s}`), 'a'); form(withStrings(`mov ecx, 2\nrep ${op}${s}`), 'a'); form(withStrings(`std\nadd rdi, 8\nadd rsi, 8\n${op}${s}\ncld`), 'a'); }
  for (const op of ['cmps', 'scas']) {
    const body = (text: string): string => withStrings(`${text}\npushf\npop rax\nand eax, 0x8d5`);
    form(body(`${op}${s}`), 'a'); form(body(`mov ecx, 2\nrepe ${op}${s}`), 'a'); form(body(`mov ecx, 2\nrepne ${op}${s}`), 'a'); form(body(`xor ecx, ecx\nrepe ${op}${s}`), 'a');
  }
}
form(withStrings('xor ecx, ecx\nrep movsb'), 'a'); form(withStrings('lea rdi, [rsi+1]\nmov ecx, 9\nrep movsb'), 'a');

export const INTEGER_FORMS: readonly FormCase[] = cases;
