// A second process from within the child.

#include "cell.h"

#include <linux/sched.h>
#include <signal.h>

/// Enough for the deepest path from cell_job to exec, with room to spare; the new process runs on it while its parent waits.
static char job_stack[64 * 1024] __attribute__((aligned(16)));

#if defined(__x86_64__)
static long clone_onto(unsigned long flags, char *stack_top, void (*run)(struct cell *), struct cell *cell) {
    long result;
    register void *function __asm__("r12") = (void *)run;
    register void *argument __asm__("r13") = cell;
    __asm__ volatile("xorl %%edx, %%edx\n\t"
                     "xorl %%r10d, %%r10d\n\t"
                     "xorl %%r8d, %%r8d\n\t"
                     "syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movq %%r13, %%rdi\n\t"
                     "callq *%%r12\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"(__NR_clone), "D"(flags), "S"(stack_top), "r"(function), "r"(argument)
                     : "rcx", "rdx", "r8", "r10", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long clone_onto(unsigned long flags, char *stack_top, void (*run)(struct cell *), struct cell *cell) {
    register long x8 __asm__("x8") = __NR_clone;
    register long x0 __asm__("x0") = (long)flags;
    register char *x1 __asm__("x1") = stack_top;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register void *x20 __asm__("x20") = (void *)run;
    register void *x21 __asm__("x21") = cell;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x21\n\t"
                     "blr x20\n\t"
                     "brk 1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x20), "r"(x21)
                     : "memory");
    return x0;
}
#endif

long cell_spawn(struct cell *cell, bool share_memory, bool own_namespace, void (*run)(struct cell *)) {
    unsigned long flags = CLONE_VFORK | SIGCHLD | (share_memory ? CLONE_VM : 0) | (own_namespace ? CLONE_NEWPID : 0);
    return clone_onto(flags, job_stack + sizeof job_stack, run, cell);
}
