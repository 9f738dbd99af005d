/*
 * dev.c: scharnier dev: a whole region on this machine, with a broker, until Ctrl-C.
 *
 * Everything lies in one directory, which an earlier run may have made: then it goes on where it stopped. The
 * ports are free ones of loopback. Nothing here is fit for care.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "region.h"
#include "run.h"

#define READY_TIMEOUT_MS 15000
#define DRAIN_MS 2000
#define CLOCK_RATE_MAX 1000000
#define PORT_FIRST 20000
#define PORT_COUNT 12000
#define PORT_TRIES 1000

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number)
{
    stopping = signal_number;
}

/* ---- options ------------------------------------------------------------------------------------ */

/* "1d=1s": how many civil seconds pass in a real one; 0: not readable. */
static uint32_t clock_rate(const char *text)
{
    char civil[16];
    if (text == NULL)
        return 1;
    size_t size = strcspn(text, "=");
    if (text[size] == '\0' || size >= sizeof civil)
        return 0;
    memcpy(civil, text, size);
    civil[size] = '\0';
    int64_t civil_ms = sch_cli_duration(civil);
    int64_t real_ms = sch_cli_duration(text + size + 1);
    if (civil_ms <= 0 || real_ms <= 0 || civil_ms % real_ms != 0 || civil_ms / real_ms > CLOCK_RATE_MAX)
        return 0;
    return (uint32_t)(civil_ms / real_ms);
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool good = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return good;
}

/* A port of loopback that nobody uses now, another than this one; 0: none. Below those that the kernel lends to whoever
 * connects, so that it is free still when the region is started again. */
static uint16_t free_port(uint16_t other)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + randombytes_uniform(PORT_COUNT));
        if (port != other && is_free(port))
            return port;
    }
    return 0;
}

static int64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the directory ------------------------------------------------------------------------------- */

/* --dir, made when it is not there, or a fresh one in the place for temporary files. */
static int choose_folder(const struct sch_cli *cli, char folder[SCH_REGION_PATH_MAX], sch_error *error)
{
    const char *given = sch_cli_option(cli, "dir");
    const char *temporary = getenv("TMPDIR");
    if (given == NULL) {
        snprintf(folder, SCH_REGION_PATH_MAX, "%.400s/scharnier-dev-XXXXXX",
                 temporary != NULL ? temporary : "/tmp");
        return mkdtemp(folder) != NULL ? SCH_OK
                                       : sch_fail(error, SCH_E_IO, "%s: %s", folder, strerror(errno));
    }
    if (mkdir(given, 0700) != 0 && errno != EEXIST)
        return sch_fail(error, SCH_E_IO, "%s: %s", given, strerror(errno));
    char *whole = realpath(given, NULL);
    if (whole == NULL || strlen(whole) > SCH_REGION_PATH_MAX - 100) {
        free(whole);
        return sch_fail(error, SCH_E_IO, "%s: %s", given,
                        whole == NULL ? strerror(errno) : "the path is too long");
    }
    snprintf(folder, SCH_REGION_PATH_MAX, "%.*s", SCH_REGION_PATH_MAX - 100, whole);
    free(whole);
    return SCH_OK;
}

/* A directory that holds a region is used as it is; its clock and ports are those of its configuration. */
static int make_region(const struct sch_cli *cli, const char *folder, sch_error *error)
{
    char path[SCH_REGION_PATH_MAX + 32];
    struct sch_region_plan plan = { .folder = folder,
                                    .port = free_port(0),
                                    .clock_rate = clock_rate(sch_cli_option(cli, "fast-clock")),
                                    .now_ms = real_ms() };
    size_t port = 0;
    if (sch_cli_number(cli, "port", UINT16_MAX, plan.port, &port, error) != SCH_OK)
        return (int)error->code;
    plan.port = (uint16_t)port;
    plan.http_port = free_port(plan.port);
    if (plan.clock_rate == 0)
        return sch_fail(error, SCH_E_USAGE,
                        "--fast-clock takes what passes in what: 1d=1s; at most %d times as fast",
                        CLOCK_RATE_MAX);
    if (plan.port == 0 || plan.http_port == 0)
        return sch_fail(error, SCH_E_IO, "no free port on 127.0.0.1");
    snprintf(path, sizeof path, "%s/scharnierd.conf", folder);
    if (access(path, R_OK) == 0) {
        if (sch_cli_is(cli, "fast-clock") || sch_cli_is(cli, "port"))
            return sch_fail(error, SCH_E_USAGE, "%s was made before; change listen and [clock] there", path);
        return SCH_OK;
    }
    return sch_region_make(&plan, error);
}

/* ---- running ------------------------------------------------------------------------------------ */

static pid_t start_broker(const char *folder, sch_error *error)
{
    char config[SCH_REGION_PATH_MAX + 32];
    char log[SCH_REGION_PATH_MAX + 32];
    snprintf(config, sizeof config, "%s/scharnierd.conf", folder);
    snprintf(log, sizeof log, "%s/scharnierd.log", folder);
    const char *const arguments[] = { "scharnierd", "--config", config, NULL };
    return sch_run_start(arguments, log, error);
}

/* Waits until a party is welcomed; a broker that ends before that has said why in its log. */
static int wait_ready(const char *folder, pid_t *broker, sch_error *error)
{
    char path[SCH_REGION_PATH_MAX + 32];
    int status = 0;
    snprintf(path, sizeof path, "%s/linde.conf", folder);
    sch_client *client = sch_open(path, error);
    if (client == NULL)
        return (int)error->code;
    int code = SCH_E_TIMEOUT;
    for (int waited = 0; waited < READY_TIMEOUT_MS && stopping == 0 && code != SCH_OK; waited += 500) {
        *error = (sch_error)SCH_ERROR_INIT;
        code = sch_connect(client, 500, error);
        if (code != SCH_OK && waitpid(*broker, &status, WNOHANG) == *broker) {
            *broker = 0; /* its number may be another's by now */
            code = sch_fail(error, SCH_E_UNREACHABLE,
                            "scharnierd ended with exit code %d; see %s/scharnierd.log",
                            WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder);
            break;
        }
    }
    sch_close(client);
    return code;
}

static void stop_broker(pid_t broker)
{
    if (broker <= 0)
        return;
    const struct timespec pause = { .tv_nsec = 50000000 };
    bool ended = false;
    kill(broker, SIGTERM);
    for (int i = 0; i < DRAIN_MS / 50 && !ended; i++) {
        nanosleep(&pause, NULL);
        ended = waitpid(broker, NULL, WNOHANG) != 0;
    }
    if (ended)
        return;
    /* It waits for letters that somebody holds. A second signal ends that; they are offered again. */
    kill(broker, SIGTERM);
    while (waitpid(broker, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void print_welcome(const struct sch_cli *cli, const char *folder, pid_t broker)
{
    if (cli->json) {
        (void)sch_json_print("dev", json_pack("{s:s,s:i}", "folder", folder, "broker_pid", (int)broker));
        return;
    }
    printf("a region to try things out in: %s\n", folder);
    if (broker > 0)
        printf("broker %d serves it until Ctrl-C; what it says is in %s/scharnierd.log\n", (int)broker,
               folder);
    if (cli->quiet)
        return;
    printf("\nIn another terminal, as the practice, the department, and the practice again:\n"
           "  scharnier --config %s/linde.conf      referral send %s/referral.json\n"
           "  scharnier --config %s/noordrand.conf  inbox read --ack\n"
           "  scharnier --config %s/noordrand.conf  referral answer KENMERK ACCEPTANCE --key answer-1\n"
           "  scharnier --config %s/linde.conf      inbox read --ack\n"
           "and, as the coordinator:\n"
           "  scharnier --config %s/coordinator.conf unanswered age\n",
           folder, folder, folder, folder, folder, folder);
    printf("next: scharnier --config %s/linde.conf referral send %s/referral.json\n", folder, folder);
}

/* Until a signal, or the broker's end. Returns the exit code. */
static int serve(pid_t broker)
{
    int status = 0;
    while (stopping == 0) {
        pid_t ended = waitpid(broker, &status, 0);
        if (ended == broker) {
            fprintf(stderr, "scharnier: the broker ended; see scharnierd.log\n");
            return 1;
        }
        if (ended < 0 && errno != EINTR)
            return 1;
    }
    stop_broker(broker);
    return 0;
}

int sch_cli_run_dev(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    char folder[SCH_REGION_PATH_MAX];
    int code = choose_folder(cli, folder, &error);
    if (code == SCH_OK)
        code = make_region(cli, folder, &error);
    if (code != SCH_OK)
        return sch_cli_fail(cli, &error);
    if (sch_cli_is(cli, "prepare")) {
        print_welcome(cli, folder, 0);
        return 0;
    }
    struct sigaction action = { .sa_handler = on_stop };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    pid_t broker = start_broker(folder, &error);
    if (broker < 0)
        return sch_cli_fail(cli, &error);
    code = wait_ready(folder, &broker, &error);
    if (code != SCH_OK && stopping == 0) {
        stop_broker(broker);
        return sch_cli_fail(cli, &error);
    }
    if (code == SCH_OK)
        print_welcome(cli, folder, broker);
    fflush(stdout);
    return serve(broker);
}
