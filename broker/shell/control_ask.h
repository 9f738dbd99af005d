/*
 * control_ask.h: the asking end of the control socket, for scharnierd(8) and scharnier(1).
 *
 * control.h says what can be asked. Must not know: the broker that answers.
 */
#ifndef SCH_SHELL_CONTROL_ASK_H
#define SCH_SHELL_CONTROL_ASK_H

#include <stdio.h>

#include <scharnier/error.h>

#define SCH_CONTROL_LINE_MAX 1023       /* bytes of a request */
#define SCH_CONTROL_ANSWER_MAX (4 * 1024 * 1024)
#define SCH_CONTROL_NAME "control.sock"

/* The store's directory, opened, and the address of the socket in it: what both ends share. -1 with *error.
 */
int sch_control_directory(const char *directory, sch_error *error);
struct sockaddr_un;
void sch_control_address(struct sockaddr_un *address, int directory_fd);

/*
 * The other end: sends one request to the broker of this store directory and prints the answer's lines,
 * but for the last, to out. Errors: UNREACHABLE (no broker runs there), or the one that was answered, with
 * its text; TIMEOUT after timeout_ms without an answer. error must not be NULL.
 */
int sch_control_ask(const char *directory, const char *request, int timeout_ms, FILE *out, sch_error *error);

#endif
