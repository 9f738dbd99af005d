/*
 * client.c: the handle: opening and closing, state directory, log, and the calls that wait.
 *
 * The loop itself is in session.c. Must not know: frames, letters, records.
 */
#include "handle.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "id.h"

#define ARENA_SIZE ((size_t)8 << 20)    /* untouched until used */
#define IO_PAUSE_US 100000
#define FETCHED_KEEP_S 86400            /* of parts that nobody has settled; they can be fetched again */

void sch_client_enter(const sch_client *client)
{
    assert(client);
    assert(pthread_equal(client->owner, pthread_self()));
}

/* ---- opening and closing ------------------------------------------------------------------------ */

static void state_path(const sch_client *client, const char *name, char path[PATH_MAX + 64])
{
    snprintf(path, PATH_MAX + 64, "%s/%s", client->config.state, name);
}

/* One process each: a second one would send what this one sends, and forget what it settles. */
static int lock_state(sch_client *client, sch_error *error)
{
    char path[PATH_MAX + 64];
    if (mkdir(client->config.state, 0700) != 0 && errno != EEXIST)
        return sch_fail(error, SCH_E_IO, "%s: %s", client->config.state, strerror(errno));
    state_path(client, "lock", path);
    client->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (client->lock_fd < 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
    if (flock(client->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return SCH_OK;
    if (errno == EWOULDBLOCK)
        return sch_fail(error, SCH_E_BUSY, "%s is locked", path);
    return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
}

/* The instance id outlives the process, so that a restarted client ends its old session, and its leases, at
 * once. */
static int load_instance(sch_client *client, sch_error *error)
{
    char path[PATH_MAX + 64];
    state_path(client, "instance", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
    bool good = read(fd, client->instance.bytes, SCH_ID_SIZE) == SCH_ID_SIZE;
    if (!good) {
        randombytes_buf(client->instance.bytes, SCH_ID_SIZE);
        good = pwrite(fd, client->instance.bytes, SCH_ID_SIZE, 0) == SCH_ID_SIZE;
    }
    int cause = errno;
    close(fd);
    return good ? SCH_OK : sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(cause));
}

/* Parts that nothing asks for any more: of a message that left the outbox, or that was sealed but never
 * entered it; and fetched ones of a message that somebody else collected, or that was withdrawn. */
static bool is_left_over(const sch_client *client, const char *name, const char *path)
{
    struct stat status;
    struct sch_id id;
    if (strncmp(name, "outbox-", 7) == 0)
        return !sch_id_parse(name + 7, &id) || !sch_outbox_has(&client->outbox, &id);
    if (strncmp(name, "fetched-", 8) != 0 || stat(path, &status) != 0)
        return false;
    return time(NULL) - status.st_mtime > FETCHED_KEEP_S;
}

static void sweep_state(const sch_client *client)
{
    DIR *folder = opendir(client->config.state);
    if (!folder)
        return;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[PATH_MAX + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", client->config.state, entry->d_name);
        if (is_left_over(client, entry->d_name, path))
            (void)unlink(path);
    }
    closedir(folder);
}

static int open_state(sch_client *client, sch_error *error)
{
    char path[PATH_MAX + 64];
    uint64_t torn;
    int code = lock_state(client, error);
    if (code == SCH_OK)
        code = load_instance(client, error);
    state_path(client, "outbox", path);
    if (code == SCH_OK)
        code = sch_outbox_open(&client->outbox, path, sch_now_ms(client), &torn, error);
    state_path(client, "journal", path);
    if (code == SCH_OK)
        code = sch_journal_open(&client->journal, path, sch_now_ms(client), &torn, error);
    if (code == SCH_OK)
        sweep_state(client);
    return code;
}

static int open_memory(sch_client *client, sch_error *error)
{
    client->frames = malloc(SCH_OUTBOX_FRAMES_MAX);
    if (!client->frames || sch_arena_init(&client->arena, ARENA_SIZE) != SCH_OK ||
        sch_arena_init(&client->page_arena, ARENA_SIZE) != SCH_OK)
        return sch_fail(error, SCH_E_NO_MEMORY, "opening a client");
    return SCH_OK;
}

/* Everything that a close may touch is in a state that it can be closed from. */
static sch_client *new_client(void)
{
    sch_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->owner = pthread_self();
    client->lock_fd = -1;
    client->outbox.reel.fd = client->journal.reel.fd = -1;
    client->upload.parcel.reel.fd = client->fetch.parcel.reel.fd = -1;
    client->link.epoll = client->link.kick = -1;
    client->answer_last = &client->answer_first;
    client->held_last = &client->held_first;
    client->settling_last = &client->settling_first;
    client->scan_at = INT64_MAX;
    client->clock_rate = 1;
    return client;
}

sch_client *sch_open(const char *config_path, sch_error *error)
{
    sch_client *client = new_client();
    if (!client) {
        sch_fail(error, SCH_E_NO_MEMORY, "opening a client");
        return NULL;
    }
    int code = sch_client_config_load(&client->config, config_path, NULL, NULL, error);
    if (code != SCH_OK)
        goto fail;
    code = open_memory(client, error);
    if (code != SCH_OK)
        goto fail;
    code = open_state(client, error);
    if (code != SCH_OK)
        goto fail;
    sch_registry_init(&client->registry, &client->config);
    code = sch_link_init(&client->link, &client->config, error);
    if (code != SCH_OK)
        goto fail;
    code = sch_link_open(&client->link, error);
    if (code == SCH_OK)
        return client;
fail:
    sch_close(client);
    return NULL;
}

void sch_close(sch_client *client)
{
    if (!client)
        return;
    sch_client_enter(client);
    assert(!client->stepping);
    sch_collect_leave(client);
    sch_link_close(&client->link);
    sch_send_close(client);
    sch_upload_close(client);
    sch_collect_close(client);
    if (client->outbox.reel.fd >= 0)
        (void)sch_outbox_sync(&client->outbox, NULL);
    sch_outbox_close(&client->outbox);
    if (client->journal.reel.fd >= 0)
        (void)sch_journal_sync(&client->journal, NULL);
    sch_journal_close(&client->journal);
    sch_registry_close(&client->registry);
    sch_arena_close(&client->arena);
    sch_arena_close(&client->page_arena);
    sch_client_config_close(&client->config);
    if (client->lock_fd >= 0)
        close(client->lock_fd);
    free(client->frames);
    free(client);
}

/* ---- small things ------------------------------------------------------------------------------- */

void sch_on_log(sch_client *client, void (*log)(void *context, char level, const char *line), void *context)
{
    sch_client_enter(client);
    client->log = log;
    client->log_context = context;
}

void sch_client_log(const sch_client *client, char level, const char *format, ...)
{
    if (!client->log)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    client->log(client->log_context, level, line);
}

const struct sch_address *sch_mailboxes(const sch_client *client, size_t *count)
{
    sch_client_enter(client);
    *count = client->config.mailbox_count;
    return client->config.address;
}

bool sch_is_connected(const sch_client *client)
{
    sch_client_enter(client);
    return client->welcomed;
}

int64_t sch_now_ms(const sch_client *client)
{
    if (client->clock_civil_ms == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    }
    int64_t passed = sch_link_mono_ms() - client->clock_mono_ms;
    int64_t now = client->clock_civil_ms + passed * client->clock_rate;
    return now > client->clock_last_ms ? now : client->clock_last_ms;
}

int64_t sch_client_deadline(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : sch_link_mono_ms() + timeout_ms;
}

int sch_connect(sch_client *client, int timeout_ms, sch_error *error)
{
    sch_client_enter(client);
    return sch_client_await_welcome(client, sch_client_deadline(timeout_ms), error);
}

/* ---- the loop from outside ---------------------------------------------------------------------- */

int sch_client_fd(const sch_client *client)
{
    sch_client_enter(client);
    return client->link.epoll;
}

static bool has_work(const sch_client *client)
{
    for (const struct sch_held *held = client->held_first; held; held = held->next) {
        if (held->state == SCH_HELD_WAITING)
            return true;
    }
    return client->answer_first != NULL;
}

int sch_client_wait_ms(const sch_client *client)
{
    sch_client_enter(client);
    if (has_work(client))
        return 0;
    int64_t wait = sch_client_due(client) - sch_link_mono_ms();
    return wait <= 0 ? 0 : wait > INT_MAX ? INT_MAX : (int)wait;
}

int sch_client_step(sch_client *client, int timeout_ms, sch_error *error)
{
    sch_client_enter(client);
    if (client->stepping)
        return sch_fail(error, SCH_E_STATE, "sch_client_step() from within a hook");
    client->stepping = true;
    int code = sch_client_serve(client, has_work(client) ? 0 : sch_client_deadline(timeout_ms), error);
    sch_send_hooks(client);
    sch_collect_hand_out(client);
    /* What hooks and callbacks decided is made durable together, and sent. */
    int pumped = sch_client_pump(client, code == SCH_OK ? error : NULL);
    client->stepping = false;
    return code != SCH_OK ? code : pumped;
}

int sch_run(sch_client *client, sch_error *error)
{
    sch_client_enter(client);
    while (!atomic_load(&client->stop)) {
        int code = sch_client_step(client, -1, error);
        if (code == SCH_E_STATE)
            return code;
        if (code != SCH_OK) {
            /* Outbox or journal cannot be written. Nothing is settled or sent meanwhile; it goes on by itself
             * when there is room again. */
            sch_client_log(client, 'e', "the state directory cannot be written: %s",
                           sch_error_name((enum sch_error_code)code));
            usleep(IO_PAUSE_US);
        }
    }
    atomic_store(&client->stop, false);
    return SCH_OK;
}

void sch_stop(sch_client *client)
{
    atomic_store(&client->stop, true);
    sch_link_kick(&client->link);
}
