/* What every test program shares: runs one suite of cases, and returns the exit status. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* The number of elements of an array. */
#define N_ELEMENTS(array) (sizeof(array) / sizeof *(array))

/* Fails with the message of a failure. */
#define ck_assert_ok(expression, why) ck_assert_msg((expression), "%s", (why).sentence)

/* The test runs n times, with _i from 0 to n - 1. */
static inline void add_loop_test(Suite *suite, const char *name, const TTest *test, size_t n)
{
    TCase *test_case = tcase_create(name);
    tcase_set_timeout(test_case, 120);
    tcase_add_loop_test(test_case, test, 0, (int)n);
    suite_add_tcase(suite, test_case);
}

static inline void add_test(Suite *suite, const char *name, const TTest *test)
{
    add_loop_test(suite, name, test, 1);
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
