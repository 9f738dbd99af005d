/*
 * control_ask.c: one line out, lines back.
 *
 * A socket's address holds 107 bytes, and a store's path may be longer: both ends go through
 * /proc/self/fd/N of the opened directory.
 */
#include "control_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int sch_control_directory(const char *directory, sch_error *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        sch_fail(error, SCH_E_IO, "%s: %s", directory, strerror(errno));
    return fd;
}

void sch_control_address(struct sockaddr_un *address, int directory_fd)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" SCH_CONTROL_NAME, directory_fd);
}

static int connect_to(const char *directory, sch_error *error)
{
    struct sockaddr_un address;
    int directory_fd = sch_control_directory(directory, NULL);
    if (directory_fd < 0) {
        sch_fail(error, SCH_E_UNREACHABLE, "no broker runs on %s (%s)", directory, strerror(errno));
        return -1;
    }
    sch_control_address(&address, directory_fd);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        sch_fail(error, SCH_E_UNREACHABLE, "no broker runs on %s (%s)", directory, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    close(directory_fd);
    return fd;
}

/* Reads until the broker closes. Gives the text, to be freed; NULL with *error. */
static char *read_answer(int fd, int timeout_ms, sch_error *error)
{
    size_t size = 0, room = 4096;
    char *answer = malloc(room + 1);
    struct pollfd item = { .fd = fd, .events = POLLIN };
    while (answer != NULL) {
        if (size == room) {
            char *grown = room < SCH_CONTROL_ANSWER_MAX ? realloc(answer, 2 * room + 1) : NULL;
            if (grown == NULL)
                break;
            answer = grown;
            room *= 2;
        }
        if (poll(&item, 1, timeout_ms) != 1) {
            sch_fail(error, SCH_E_TIMEOUT, "the broker did not answer");
            goto failed;
        }
        ssize_t got = recv(fd, answer + size, room - size, 0);
        if (got < 0) {
            sch_fail(error, SCH_E_CLOSED, "the broker went away: %s", strerror(errno));
            goto failed;
        }
        size += (size_t)got;
        answer[size] = '\0';
        if (got == 0)
            return answer;
    }
    sch_fail(error, SCH_E_NO_MEMORY, "the broker's answer");
failed:
    free(answer);
    return NULL;
}

/* "error NAME text" as an error of our own. */
static int parse_error(char *line, sch_error *error)
{
    static const enum sch_error_code known[] = {
#define SCH_X_CODE(N, n, e, c, h) SCH_E_##N,
        SCH_ERROR_LIST(SCH_X_CODE)
    };
    char *name = strncmp(line, "error ", 6) == 0 ? line + 6 : NULL;
    char *text = name == NULL ? NULL : strchr(name, ' ');
    if (text == NULL)
        return sch_fail(error, SCH_E_CLOSED, "the broker went away before it answered");
    *text++ = '\0';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, sch_error_name(known[i])) == 0)
            return sch_fail(error, known[i], "%s", text);
    return sch_fail(error, SCH_E_INTERNAL, "%s", text);
}

static int interpret(char *answer, FILE *out, sch_error *error)
{
    char *line = answer;
    for (char *newline = strchr(line, '\n'); newline != NULL; newline = strchr(line, '\n')) {
        *newline = '\0';
        if (newline[1] == '\0')
            break;
        fprintf(out, "%s\n", line);
        line = newline + 1;
    }
    return strcmp(line, "ok") == 0 ? SCH_OK : parse_error(line, error);
}

int sch_control_ask(const char *directory, const char *request, int timeout_ms, FILE *out, sch_error *error)
{
    char line[SCH_CONTROL_LINE_MAX + 1], *answer = NULL;
    int size = snprintf(line, sizeof line, "%s\n", request);
    if (size < 0 || (size_t)size >= sizeof line)
        return sch_fail(error, SCH_E_USAGE, "the request is longer than %d bytes", SCH_CONTROL_LINE_MAX - 1);
    int fd = connect_to(directory, error);
    if (fd < 0)
        return (int)error->code;
    if (send(fd, line, (size_t)size, MSG_NOSIGNAL) != size)
        sch_fail(error, SCH_E_CLOSED, "the broker went away: %s", strerror(errno));
    else
        answer = read_answer(fd, timeout_ms, error);
    close(fd);
    if (answer == NULL)
        return (int)error->code;
    int code = interpret(answer, out, error);
    free(answer);
    return code;
}
