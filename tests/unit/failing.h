/*
 * failing.h: the n-th of the calls that a test watches fails, once.
 *
 * A test includes the .c under test behind lines like "#define socket failing_socket", where failing_socket() asks
 * fails() and otherwise does what socket() does. So only the calls of that one file count, and the linker is left alone.
 */
#ifndef SCH_TEST_FAILING_H
#define SCH_TEST_FAILING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    size_t calls;                       /* since failing_arm() */
    size_t at;                          /* the call that fails, from 1; 0: none */
    int cause;                          /* its errno */
} failing;

static inline void failing_arm(size_t at, int cause)
{
    failing.calls = 0;
    failing.at = at;
    failing.cause = cause;
}

static inline bool fails(void)
{
    if (++failing.calls != failing.at)
        return false;
    errno = failing.cause;
    return true;
}

#endif
