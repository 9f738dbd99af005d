/*
 * control.c: the broker's end of the control socket. The other one is control_ask.c.
 */
#include "control.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define READ_TIMEOUT_MS 5000            /* a peer that says nothing does not keep the others out */

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
    char argument[SCH_CONTROL_LINE_MAX + 1];
    bool taken;
    char *answer;                               /* NULL while it is not there; owned */
    uint64_t made, failed;
};

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

/* Gives text with the last line behind it; NULL: out of memory. */
static char *compose(const char *text, const sch_error *error)
{
    char *answer = NULL;
    int size = error == NULL ? asprintf(&answer, "%sok\n", text)
                             : asprintf(&answer, "%serror %s %s\n", text, error->name, error->text);
    return size < 0 ? NULL : answer;
}

static char *serve_backup(struct sch_control *control, const char *path)
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
    return compose("", code == SCH_OK ? NULL : &error);
}

/* Hands the request to the turn's thread, and waits for its answer. */
static char *serve_by_turn(struct sch_control *control, enum sch_control_request request,
                           const char *argument)
{
    pthread_mutex_lock(&control->lock);
    control->request = request;
    snprintf(control->argument, sizeof control->argument, "%s", argument);
    control->taken = false;
    pthread_mutex_unlock(&control->lock);
    sch_net_wake(control->net);
    pthread_mutex_lock(&control->lock);
    while (control->answer == NULL && !control->stopping)
        pthread_cond_wait(&control->answered, &control->lock);
    control->request = SCH_CONTROL_NOTHING;
    char *answer = control->answer;
    control->answer = NULL;
    pthread_mutex_unlock(&control->lock);
    if (answer != NULL)
        return answer;
    sch_error error = SCH_ERROR_INIT;
    sch_fail(&error, SCH_E_STOPPING, "the broker is stopping");
    return compose("", &error);
}

/* Does line begin with word, at a word's end? Then *argument is what follows, "" when nothing does. */
static bool begins(const char *line, const char *word, const char **argument)
{
    size_t size = strlen(word);
    if (strncmp(line, word, size) != 0 || (line[size] != '\0' && line[size] != ' '))
        return false;
    *argument = line + size + (line[size] == ' ');
    return true;
}

enum argument { NONE, OPTIONAL, NEEDED };

static char *answer_to(struct sch_control *control, const char *line)
{
    static const struct {
        const char *word;
        enum sch_control_request request;
        enum argument argument;
    } by_turn[] = {
        {"confirm-time",   SCH_CONTROL_CONFIRM_TIME,  NONE    },
        { "reload",        SCH_CONTROL_RELOAD,        NONE    },
        { "status",        SCH_CONTROL_STATUS,        NONE    },
        { "queue ls",      SCH_CONTROL_QUEUE_LS,      OPTIONAL},
        { "queue peek",    SCH_CONTROL_QUEUE_PEEK,    NEEDED  },
        { "queue retry",   SCH_CONTROL_QUEUE_RETRY,   NEEDED  },
        { "queue hold",    SCH_CONTROL_QUEUE_HOLD,    NEEDED  },
        { "queue release", SCH_CONTROL_QUEUE_RELEASE, NEEDED  },
    };
    const char *argument = "";
    if (begins(line, "backup", &argument) && argument[0] != '\0')
        return serve_backup(control, argument);
    for (size_t i = 0; i < sizeof by_turn / sizeof *by_turn; i++) {
        if (!begins(line, by_turn[i].word, &argument))
            continue;
        bool given = argument[0] != '\0';
        if (by_turn[i].argument == OPTIONAL || given == (by_turn[i].argument == NEEDED))
            return serve_by_turn(control, by_turn[i].request, argument);
    }
    sch_error error = SCH_ERROR_INIT;
    sch_fail(&error, SCH_E_USAGE,
             "requests: backup PATH, confirm-time, reload, status, queue ls [ADDRESS], queue peek ADDRESS, "
             "queue retry ADDRESS|MESSAGE, queue hold ADDRESS, queue release ADDRESS");
    return compose("", &error);
}

static void serve(struct sch_control *control, int fd)
{
    char line[SCH_CONTROL_LINE_MAX + 1] = "";
    if (!read_request(fd, line))
        return;
    char *answer = answer_to(control, line);
    if (answer == NULL)
        return;
    /* A peer that went away meanwhile misses its answer; what was asked is done. */
    struct pollfd item = { .fd = fd, .events = POLLOUT };
    for (size_t size = strlen(answer), at = 0; at < size && poll(&item, 1, READ_TIMEOUT_MS) == 1;) {
        ssize_t sent = send(fd, answer + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            break;
        at += (size_t)sent;
    }
    free(answer);
}

static void *run(void *context)
{
    struct sch_control *control = context;
    for (;;) {
        struct pollfd item[] = {
            { .fd = control->listen_fd, .events = POLLIN },
            { .fd = control->stop_fd, .events = POLLIN },
        };
        if (poll(item, 2, -1) < 0)
            continue;                   /* a signal */
        if (item[1].revents != 0)
            return NULL;
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
    control->directory_fd = sch_control_directory(directory, error);
    if (control->directory_fd < 0)
        return SCH_E_IO;
    sch_control_address(&address, control->directory_fd);
    /* The store's lock is held: a socket that lies there is of a broker that died. */
    unlinkat(control->directory_fd, SCH_CONTROL_NAME, 0);
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->stop_fd < 0 || control->listen_fd < 0 ||
        bind(control->listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        fchmodat(control->directory_fd, SCH_CONTROL_NAME, 0600, 0) != 0 || listen(control->listen_fd, 8) != 0)
        return sch_fail(error, SCH_E_IO, "%s/" SCH_CONTROL_NAME ": %s", directory, strerror(errno));
    return SCH_OK;
}

static void close_socket(struct sch_control *control)
{
    if (control->listen_fd >= 0) {
        close(control->listen_fd);
        unlinkat(control->directory_fd, SCH_CONTROL_NAME, 0);
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
    free(control->answer);
    free(control);
}

/* ---- for the turn's thread ----------------------------------------------------------------------- */

enum sch_control_request sch_control_take(struct sch_control *control,
                                          char argument[SCH_CONTROL_LINE_MAX + 1])
{
    enum sch_control_request request = SCH_CONTROL_NOTHING;
    pthread_mutex_lock(&control->lock);
    if (!control->taken) {
        request = control->request;
        control->taken = request != SCH_CONTROL_NOTHING;
        memcpy(argument, control->argument, sizeof control->argument);
    }
    pthread_mutex_unlock(&control->lock);
    return request;
}

void sch_control_answer(struct sch_control *control, const char *text, const sch_error *error)
{
    char *answer = compose(text, error);
    pthread_mutex_lock(&control->lock);
    free(control->answer);
    /* Without memory for the lines, the peer learns at least that it was heard. */
    control->answer = answer != NULL ? answer : strdup("error NO_MEMORY no memory for the answer\n");
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
