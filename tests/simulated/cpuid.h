/* In place of the compiler's: no CPU to ask. */
#define __get_cpuid_count(leaf, subleaf, a, b, c, d) (*(a) = *(b) = *(c) = *(d) = 0)
