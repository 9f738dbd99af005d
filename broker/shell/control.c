/*
 * control.c: the control socket, both ends.
 *
 * A socket's address holds 107 bytes, and a store's path may be longer: both ends go through
 * /proc/self/fd/N of the opened directory.
 */
#include "control.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define READ_TIMEOUT_MS 5000            /* a peer that says nothing does not keep the others out */
#define NAME "control.sock"

struct sch_control {
    struct sch_store *store;
    struct sch_net *net;
    int directory_fd;
    int listen_fd;
    int stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    /* Under the lock. */
    bool stopping;
    enum sch_control_request request;
    bool taken;
    char answer[SCH_CONTROL_ANSWER_MAX + 1];    /* "" while it is not there */
    uint64_t made, failed;
};

/* ---- the address --------------------------------------------------------------------------------- */

static int open_directory(const char *directory, sch_error *error)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        sch_fail(error, SCH_E_IO, "%s: %s", directory, strerror(errno));
    return fd;
}

static void make_address(struct sockaddr_un *address, int directory_fd)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" NAME, directory_fd);
}

/* ---- serving ------------------------------------------------------------------------------------ */

/* Reads up to the newline; false when the peer is too slow, too long or gone. */
static bool read_request(int fd, char line[SCH_CONTROL_LINE_MAX + 1])
{
    size_t size = 0;
    struct pollfd item = { .fd = fd, .events = POLLIN };
    while (size < SCH_CONTROL_LINE_MAX && poll(&item, 1, READ_TIMEOUT_MS) == 1) {
        ssize_t got = recv(fd, line + size, SCH_CONTROL_LINE_MAX - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        line[size] = '\0';
        char *newline = strchr(line, '\n');
        if (newline != NULL) {
            *newline = '\0';
            return true;
        }
    }
    return false;
}

static void last_line(char *answer, size_t used, const sch_error *error)
{
    size_t room = SCH_CONTROL_ANSWER_MAX + 1 - used;
    if (error == NULL)
        snprintf(answer + used, room, "ok\n");
    else
        snprintf(answer + used, room, "error %s %s\n", error->name, error->text);
}

static void serve_backup(struct sch_control *control, const char *path,
                         char answer[SCH_CONTROL_ANSWER_MAX + 1])
{
    sch_error error = SCH_ERROR_INIT;
    int code = path[0] == '/' ? sch_store_backup(control->store, path, &error)
                              : sch_fail(&error, SCH_E_USAGE, "the path of a backup is absolute");
    pthread_mutex_lock(&control->lock);
    control->made += code == SCH_OK;
    control->failed += code != SCH_OK;
    pthread_mutex_unlock(&control->lock);
    if (code == SCH_OK)
        sch_log(SCH_LOG_INFO, "BACKUP", "a backup was made", "path=\"%s\"", path);
    else
        sch_log(SCH_LOG_ERROR, "BACKUP_FAILED", "a backup was not made", "why=\"%s\"", error.text);
    last_line(answer, 0, code == SCH_OK ? NULL : &error);
}

/* Hands the request to the turn's thread, and waits for its answer. */
static void serve_by_turn(struct sch_control *control, enum sch_control_request request,
                          char answer[SCH_CONTROL_ANSWER_MAX + 1])
{
    pthread_mutex_lock(&control->lock);
    control->request = request;
    control->taken = false;
    control->answer[0] = '\0';
    pthread_mutex_unlock(&control->lock);
    sch_net_wake(control->net);
    pthread_mutex_lock(&control->lock);
    while (control->answer[0] == '\0' && !control->stopping)
        pthread_cond_wait(&control->answered, &control->lock);
    control->request = SCH_CONTROL_NOTHING;
    memcpy(answer, control->answer, sizeof control->answer);
    pthread_mutex_unlock(&control->lock);
    if (answer[0] == '\0') {
        sch_error error = SCH_ERROR_INIT;
        sch_fail(&error, SCH_E_STOPPING, "the broker is stopping");
        last_line(answer, 0, &error);
    }
}

static void serve(struct sch_control *control, int fd)
{
    static const struct {
        const char *word;
        enum sch_control_request request;
    } by_turn[] = {
        { "confirm-time", SCH_CONTROL_CONFIRM_TIME },
        { "reload", SCH_CONTROL_RELOAD },
        { "status", SCH_CONTROL_STATUS },
    };
    char line[SCH_CONTROL_LINE_MAX + 1] = "", answer[SCH_CONTROL_ANSWER_MAX + 1] = "";
    if (!read_request(fd, line))
        return;
    if (strncmp(line, "backup ", 7) == 0)
        serve_backup(control, line + 7, answer);
    for (size_t i = 0; i < sizeof by_turn / sizeof *by_turn; i++)
        if (strcmp(line, by_turn[i].word) == 0)
            serve_by_turn(control, by_turn[i].request, answer);
    if (answer[0] == '\0') {
        sch_error error = SCH_ERROR_INIT;
        sch_fail(&error, SCH_E_USAGE, "requests: backup PATH, confirm-time, reload, status");
        last_line(answer, 0, &error);
    }
    /* A peer that went away meanwhile misses its answer; what was asked is done. */
    ssize_t sent = send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    (void)sent;
}

static void *run(void *context)
{
    struct sch_control *control = context;
    for (;;) {
        struct pollfd item[] = {
            { .fd = control->listen_fd, .events = POLLIN },
            { .fd = control->stop_fd, .events = POLLIN },
        };
        if (poll(item, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (item[1].revents != 0)
            return NULL;
        if (item[0].revents == 0)
            continue;
        int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve(control, fd);
        close(fd);
    }
}

/* ---- opening ------------------------------------------------------------------------------------ */

static int open_socket(struct sch_control *control, const char *directory, sch_error *error)
{
    struct sockaddr_un address;
    control->directory_fd = open_directory(directory, error);
    if (control->directory_fd < 0)
        return SCH_E_IO;
    make_address(&address, control->directory_fd);
    /* The store's lock is held: a socket that lies there is of a broker that died. */
    unlinkat(control->directory_fd, NAME, 0);
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->stop_fd < 0 || control->listen_fd < 0
        || bind(control->listen_fd, (struct sockaddr *)&address, sizeof address) != 0
        || fchmodat(control->directory_fd, NAME, 0600, 0) != 0 || listen(control->listen_fd, 8) != 0)
        return sch_fail(error, SCH_E_IO, "%s/" NAME ": %s", directory, strerror(errno));
    return SCH_OK;
}

static void close_socket(struct sch_control *control)
{
    if (control->listen_fd >= 0) {
        close(control->listen_fd);
        unlinkat(control->directory_fd, NAME, 0);
    }
    if (control->stop_fd >= 0)
        close(control->stop_fd);
    if (control->directory_fd >= 0)
        close(control->directory_fd);
}

int sch_control_open(struct sch_control **control, const char *directory, struct sch_store *store,
                     struct sch_net *net, sch_error *error)
{
    struct sch_control *made = calloc(1, sizeof *made);
    if (made == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory for the control socket");
    made->store = store;
    made->net = net;
    made->directory_fd = made->listen_fd = made->stop_fd = -1;
    int code = open_socket(made, directory, error);
    if (code != SCH_OK)
        goto socket_failed;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->answered, NULL);
    if (pthread_create(&made->thread, NULL, run, made) != 0) {
        code = sch_fail(error, SCH_E_NO_MEMORY, "no thread for the control socket");
        goto thread_failed;
    }
    *control = made;
    return SCH_OK;

thread_failed:
    pthread_cond_destroy(&made->answered);
    pthread_mutex_destroy(&made->lock);
socket_failed:
    close_socket(made);
    free(made);
    return code;
}

void sch_control_close(struct sch_control *control)
{
    if (control == NULL)
        return;
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_signal(&control->answered);
    pthread_mutex_unlock(&control->lock);
    uint64_t one = 1;
    ssize_t written = write(control->stop_fd, &one, sizeof one);
    assert(written == (ssize_t)sizeof one);     /* a fresh counter always takes a one */
    pthread_join(control->thread, NULL);
    pthread_cond_destroy(&control->answered);
    pthread_mutex_destroy(&control->lock);
    close_socket(control);
    free(control);
}

/* ---- for the turn's thread ----------------------------------------------------------------------- */

enum sch_control_request sch_control_take(struct sch_control *control)
{
    enum sch_control_request request = SCH_CONTROL_NOTHING;
    pthread_mutex_lock(&control->lock);
    if (!control->taken) {
        request = control->request;
        control->taken = request != SCH_CONTROL_NOTHING;
    }
    pthread_mutex_unlock(&control->lock);
    return request;
}

void sch_control_answer(struct sch_control *control, const char *text, const sch_error *error)
{
    pthread_mutex_lock(&control->lock);
    /* Half for the lines, so that the last one always fits: an error's text has 255 bytes. */
    int size = snprintf(control->answer, SCH_CONTROL_ANSWER_MAX / 2, "%s", text);
    assert(size >= 0 && size < SCH_CONTROL_ANSWER_MAX / 2);
    last_line(control->answer, (size_t)size, error);
    pthread_cond_signal(&control->answered);
    pthread_mutex_unlock(&control->lock);
}

void sch_control_backups(struct sch_control *control, uint64_t *made, uint64_t *failed)
{
    pthread_mutex_lock(&control->lock);
    *made = control->made;
    *failed = control->failed;
    pthread_mutex_unlock(&control->lock);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static int connect_to(const char *directory, sch_error *error)
{
    struct sockaddr_un address;
    int directory_fd = open_directory(directory, NULL);
    if (directory_fd < 0) {
        sch_fail(error, SCH_E_UNREACHABLE, "no broker runs on %s (%s)", directory, strerror(errno));
        return -1;
    }
    make_address(&address, directory_fd);
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

/* Reads until the broker closes. */
static int read_answer(int fd, int timeout_ms, char answer[SCH_CONTROL_ANSWER_MAX + 1], sch_error *error)
{
    size_t size = 0;
    struct pollfd item = { .fd = fd, .events = POLLIN };
    for (;;) {
        if (poll(&item, 1, timeout_ms) != 1)
            return sch_fail(error, SCH_E_TIMEOUT, "the broker did not answer");
        ssize_t got = recv(fd, answer + size, SCH_CONTROL_ANSWER_MAX - size, 0);
        if (got < 0)
            return sch_fail(error, SCH_E_CLOSED, "the broker went away: %s", strerror(errno));
        if (got == 0)
            break;
        size += (size_t)got;
        answer[size] = '\0';
    }
    return SCH_OK;
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
    char answer[SCH_CONTROL_ANSWER_MAX + 1] = "", line[SCH_CONTROL_LINE_MAX + 1];
    int size = snprintf(line, sizeof line, "%s\n", request);
    if (size < 0 || (size_t)size >= sizeof line)
        return sch_fail(error, SCH_E_USAGE, "the request is longer than %d bytes", SCH_CONTROL_LINE_MAX - 1);
    int fd = connect_to(directory, error);
    if (fd < 0)
        return error == NULL ? (int)SCH_E_UNREACHABLE : (int)error->code;
    int code = SCH_OK;
    if (send(fd, line, (size_t)size, MSG_NOSIGNAL) != size)
        code = sch_fail(error, SCH_E_CLOSED, "the broker went away: %s", strerror(errno));
    if (code == SCH_OK)
        code = read_answer(fd, timeout_ms, answer, error);
    close(fd);
    return code == SCH_OK ? interpret(answer, out, error) : code;
}
