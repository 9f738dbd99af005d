/*
 * main.c: scharnier-hl7v2(8): options, wiring, the loop, signals.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "adapter.h"
#include "log.h"
#include "map_file.h"

#define DRAIN_MS 10000                  /* how long SIGTERM waits for answers under way */
#define CONNECT_MS 5000                 /* how long the start waits for the broker */
#define FDS_MAX (SCH_SERVER_CONNECTIONS_MAX + 1 + 3)

static struct sch_adapter adapter;

int64_t sch_adapter_mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t sch_adapter_civil_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- options ----------------------------------------------------------------------------------- */

static const char help[] =
    "Usage: scharnier-hl7v2 [--check-config] FILE\n"
    "\n"
    "  scharnier-hl7v2 /etc/scharnier/hl7v2-his.conf     run between a HIS and the broker\n"
    "  scharnier-hl7v2 --check-config hl7v2-epd.conf     read configuration, map and keys, and exit\n"
    "\n"
    "      --check-config   exit 0 when all is well, 6 when a file is wrong\n"
    "  -h, --help           show this\n"
    "      --version        show the version\n"
    "\n"
    "See scharnier-hl7v2(8) for the files, and adapters/examples for samples.\n";

enum { OPTION_CHECK = 1000, OPTION_VERSION };

static const struct option options[] = {{"check-config", no_argument, NULL, OPTION_CHECK},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, OPTION_VERSION},
                                        {NULL, 0, NULL, 0}};

/* ---- checking ---------------------------------------------------------------------------------- */

struct faults {
    unsigned count;
};

static void report(void *context, const char *line)
{
    struct faults *faults = context;
    faults->count++;
    fprintf(stderr, "%s\n", line);
}

static int check_config(const char *path)
{
    struct sch_hl7v2_config config;
    struct sch_map map;
    struct faults faults = {0};
    sch_error error = SCH_ERROR_INIT;

    int code = sch_hl7v2_config_read(path, report, &faults, &config, &error);
    if (code != SCH_OK && faults.count == 0)
        return sch_perror(&error);
    if (config.map[0] != 0) {
        if (sch_map_file_read(config.map, report, &faults, &map, &error) == SCH_OK)
            sch_map_close(&map);
        else if (faults.count == 0)
            return sch_perror(&error);
    }
    if (config.client_config[0] != 0
        && sch_config_check(config.client_config, report, &faults, &error) != SCH_OK && faults.count == 0)
        return sch_perror(&error);
    if (faults.count == 0) {
        printf("%s: valid\n", path);
        return 0;
    }
    fprintf(stderr, "not valid: %u error%s\n", faults.count, faults.count == 1 ? "" : "s");
    return sch_error_exit(SCH_E_CONFIG);
}

/* ---- wiring ------------------------------------------------------------------------------------ */

static void log_client(void *context, char level, const char *line)
{
    (void)context;
    sch_hl7v2_log(level, "client", "%s", line);
}

static void log_server(void *context, uint64_t connection, const char *what)
{
    (void)context;
    bool odd = strcmp(what, "connected") != 0 && strcmp(what, "closed") != 0;
    sch_hl7v2_log(odd ? 'w' : 'i', "listener", "connection=%llu %s", (unsigned long long)connection, what);
}

static void log_peer(void *context, const char *what)
{
    (void)context;
    bool odd = strcmp(what, "connected") != 0 && strcmp(what, "closed") != 0;
    sch_hl7v2_log(odd ? 'w' : 'i', "peer", "%s", what);
}

static int open_state(sch_error *error)
{
    const struct sch_hl7v2_config *config = &adapter.config;
    int64_t keep_ms = (int64_t)config->keep_days * 86400000;

    if (mkdir(config->state, 0700) != 0 && errno != EEXIST)
        return sch_fail(error, SCH_E_IO, "%s: %s", config->state, strerror(errno));
    adapter.table = sch_correlation_open(config->state, sch_adapter_civil_ms(), keep_ms, error);
    return adapter.table != NULL ? SCH_OK : (int)error->code;
}

static int open_peers(sch_error *error)
{
    const struct sch_hl7v2_config *config = &adapter.config;
    char port[8];

    snprintf(port, sizeof port, "%u", (unsigned)config->peer_port & 0xFFFF);
    adapter.peer = sch_peer_open(config->peer_host, port, (int64_t)config->ack_timeout_ms,
                                 sch_adapter_answered, log_peer, &adapter, error);
    if (adapter.peer == NULL)
        return (int)error->code;
    adapter.server =
        sch_server_open(config->listen_address, (uint16_t)config->listen_port, (size_t)config->frame_max,
                        sch_adapter_receive, log_server, &adapter, error);
    return adapter.server != NULL ? SCH_OK : (int)error->code;
}

/* So that the first message finds a directory, and that a wrong key is named at once. Without a broker the
 * adapter starts all the same: feedback waits there, and referrals get AE or go to the outbox. */
static void meet_broker(void)
{
    sch_error error = SCH_ERROR_INIT;

    if (sch_connect(adapter.client, CONNECT_MS, &error) != SCH_OK)
        sch_hl7v2_log('w', "no-broker", "E%d %s: %s; %s; %s", (int)error.code, error.name, error.cause,
                      error.text, error.hint);
    else if (sch_client_directory(adapter.client, NULL, CONNECT_MS, &error) == NULL)
        sch_hl7v2_log('w', "no-directory", "E%d %s: %s; %s", (int)error.code, error.name, error.cause,
                      error.text);
}

static int open_all(const char *path, sch_error *error)
{
    int code = sch_hl7v2_config_read(path, NULL, NULL, &adapter.config, error);
    if (code != SCH_OK)
        return code;
    sch_hl7v2_log_open(adapter.config.log_json, adapter.config.side == SCH_SIDE_HIS ? "his" : "epd");
    code = sch_map_file_read(adapter.config.map, NULL, NULL, &adapter.map, error);
    if (code == SCH_OK)
        code = sch_arena_init(&adapter.arena, SCH_ADAPTER_ARENA_SIZE);
    if (code == SCH_OK)
        code = open_state(error);
    if (code != SCH_OK)
        return code;
    adapter.client = sch_open(adapter.config.client_config, error);
    if (adapter.client == NULL)
        return (int)error->code;
    sch_on_log(adapter.client, log_client, NULL);
    sch_on_sent(adapter.client, sch_adapter_sent, &adapter);
    meet_broker();
    code = open_peers(error);
    if (code != SCH_OK)
        return code;
    return sch_attach(adapter.client, NULL, 0, (unsigned)adapter.config.window, sch_adapter_deliver, &adapter,
                      error);
}

static void close_all(void)
{
    sch_server_close(adapter.server);
    sch_peer_close(adapter.peer);
    sch_close(adapter.client);
    sch_correlation_close(adapter.table);
    sch_arena_close(&adapter.arena);
    sch_map_close(&adapter.map);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static int sooner(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* One round. False: the client failed for good. */
static bool turn(int signal_fd, bool *signalled)
{
    struct pollfd fds[FDS_MAX];
    sch_error error = SCH_ERROR_INIT;
    int64_t now = sch_adapter_mono_ms();

    size_t count = sch_server_poll(adapter.server, fds);
    sch_peer_poll(adapter.peer, &fds[count], now);
    fds[count + 1] = (struct pollfd){.fd = sch_client_fd(adapter.client), .events = POLLIN};
    fds[count + 2] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
    int wait = sooner(sch_client_wait_ms(adapter.client), sch_peer_wait_ms(adapter.peer, now));
    if (poll(fds, count + 3, sooner(wait, 1000)) < 0 && errno != EINTR)
        return false;
    now = sch_adapter_mono_ms();
    *signalled = fds[count + 2].revents != 0;
    sch_server_step(adapter.server, fds, count, now);
    sch_peer_step(adapter.peer, &fds[count], now);
    int code = sch_client_step(adapter.client, 0, &error);
    if (code != SCH_OK && code != SCH_E_TIMEOUT) {
        sch_hl7v2_log('e', "client", "E%d %s %s", code, error.name, error.text);
        return false;
    }
    sch_adapter_expire(&adapter);
    return true;
}

static bool is_quiet(void)
{
    return sch_adapter_pending_count(&adapter) == 0 && sch_peer_queued(adapter.peer) == 0;
}

static void begin_drain(int64_t *until)
{
    sch_hl7v2_log('i', "stopping", "waiting=%zu queued=%zu", sch_adapter_pending_count(&adapter),
                  sch_peer_queued(adapter.peer));
    sd_notify(0, "STOPPING=1");
    adapter.draining = true;
    sch_server_drain(adapter.server);
    *until = sch_adapter_mono_ms() + DRAIN_MS;
}

static int run(int signal_fd)
{
    int64_t until = 0;
    bool signalled;

    while (turn(signal_fd, &signalled)) {
        if (signalled) {
            struct signalfd_siginfo info;
            bool got = read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info;
            if (got && until != 0)
                return 0;               /* a second signal: at once */
            if (got)
                begin_drain(&until);
        }
        if (until != 0 && (is_quiet() || sch_adapter_mono_ms() >= until))
            return 0;
    }
    return 1;
}

static int serve(const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    int signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd < 0)
        return 1;
    int status;
    if (open_all(path, &error) != SCH_OK) {
        status = sch_perror(&error);
    } else {
        sch_hl7v2_log('i', "started", "version=%s listen=%s port=%u peer_port=%u correlations=%zu",
                      SCH_VERSION, adapter.config.listen_address, (unsigned)sch_server_port(adapter.server),
                      (unsigned)adapter.config.peer_port, sch_correlation_count(adapter.table));
        sd_notify(0, "READY=1");
        status = run(signal_fd);
        sch_hl7v2_log('i', "stopped", "status=%d", status);
    }
    close_all();
    close(signal_fd);
    return status;
}

int main(int argc, char **argv)
{
    bool check = false;
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case OPTION_CHECK: check = true; break;
        case OPTION_VERSION: printf("scharnier-hl7v2 %s\n", SCH_VERSION); return 0;
        case 'h': fputs(help, stdout); return 0;
        default: return 2;
        }
    }
    if (optind + 1 != argc) {
        fputs(help, stderr);
        return 2;
    }
    if (sodium_init() < 0)
        return 1;
    return check ? check_config(argv[optind]) : serve(argv[optind]);
}
