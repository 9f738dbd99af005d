/*
 * main.c: scharnierd(8): options, and what can be done without serving.
 *
 * Exit codes are those of scharnier(1): 0 done, 1 failed, 2 usage, 3 no broker runs, 6 configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <scharnier/version.h>

#include "shell/audit.h"
#include "shell/control.h"
#include "shell/migrate.h"
#include "shell/print.h"
#include "shell/record.h"
#include "shell/serve.h"
#include "shell/store_lmdb.h"

#define CONFIG_DEFAULT "/etc/scharnier/scharnierd.conf"
#define USAGE_EXIT 2
#define BACKUP_TIMEOUT_MS (60 * 60 * 1000)
#define ASK_TIMEOUT_MS 15000

static const char usage[] =
    "usage: scharnierd [--config FILE]                        serve\n"
    "       scharnierd [--config FILE] --check-config         read all that FILE names; say what is wrong\n"
    "       scharnierd [--config FILE] status | reload | confirm-time\n"
    "                                                         ask the running broker\n"
    "       scharnierd [--config FILE] backup create DIR      copy the store, while the broker runs or not\n"
    "       scharnierd backup verify DIR                      read a copy from end to end\n"
    "       scharnierd --audit-verify DIR                     prove the audit chain of a store or copy\n"
    "       scharnierd [--config FILE] --migrate              bring the store to this version's schema\n"
    "       scharnierd --print-states | --print-expectations  the tables that the broker works by\n"
    "       scharnierd --version | --help\n"
    "\n"
    "FILE is " CONFIG_DEFAULT " unless given; scharnierd.conf(5) explains it.\n";

static int wrong_usage(const char *what)
{
    fprintf(stderr, "scharnierd: %s\n%s", what, usage);
    return USAGE_EXIT;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void print_stderr(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* Every fault of the file on stderr, then the count; the exit code. */
static int load(struct sch_config *config, const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    int code = sch_config_load(config, path, print_stderr, NULL, &error);
    if (code == SCH_OK)
        return 0;
    unsigned errors = config->error_count, warnings = config->warning_count;
    fprintf(stderr, "not valid: %u error%s, %u warning%s\n", errors, errors == 1 ? "" : "s", warnings,
            warnings == 1 ? "" : "s");
    return sch_error_exit(SCH_E_CONFIG);
}

/* ---- with a store ------------------------------------------------------------------------------- */

static int audit_verify(const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_store *store = NULL;
    struct sch_audit_report report = { 0 };
    const struct sch_store_options options = { .path = path, .read_only = true };
    if (sch_store_open(&store, &options, &error) != SCH_OK)
        return sch_perror(&error);
    int code = sch_audit_verify(store, &report, &error);
    sch_store_close(store);
    if (code != SCH_OK)
        return sch_perror(&error);
    printf("whole: %llu records in %llu links\n", (unsigned long long)report.records,
           (unsigned long long)report.links);
    return 0;
}

static int backup_verify(const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_store_counts counts;
    memset(&counts, 0, sizeof counts);
    if (sch_store_verify(path, &counts, &error) != SCH_OK)
        return sch_perror(&error);
    sch_store_counts_print(stdout, &counts);
    printf("good: %s\n", path);
    return 0;
}

/* Without a broker the store is opened here; its lock keeps one from starting meanwhile. One of an older schema can be
 * copied too, because that is what comes before its migration. */
static int backup_offline(const struct sch_config *config, const char *path, sch_error *error)
{
    struct sch_store *store = NULL;
    const struct sch_store_options options = { .path = config->store, .map_size = config->map_bytes, .older = true };
    int code = sch_store_open(&store, &options, error);
    if (code != SCH_OK)
        return code;
    code = sch_store_backup(store, path, error);
    sch_store_close(store);
    return code;
}

static int backup_create(const struct sch_config *config, const char *path)
{
    sch_error error = SCH_ERROR_INIT;
    char request[SCH_CONTROL_LINE_MAX], *directory = NULL;
    /* The broker has a working directory of its own. */
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    int size = asprintf(&directory, "%s%s%s", here == NULL ? "" : here, here == NULL ? "" : "/", path);
    free(here);
    if (size < 0 || snprintf(request, sizeof request, "backup %s", directory) >= (int)sizeof request) {
        free(directory);
        return wrong_usage("the path of the backup is too long");
    }
    int code = sch_control_ask(config->store, request, BACKUP_TIMEOUT_MS, stdout, &error);
    if (code == SCH_E_UNREACHABLE)
        code = backup_offline(config, directory, &error);
    if (code == SCH_OK)
        printf("%s\nnext: scharnierd backup verify %s\n", directory, directory);
    free(directory);
    return code == SCH_OK ? 0 : sch_perror(&error);
}

static int migrate(const struct sch_config *config)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_store *store = NULL;
    struct sch_migrate_report report;
    const struct sch_store_options options = { .path = config->store, .map_size = config->map_bytes, .older = true };
    if (sch_store_open(&store, &options, &error) != SCH_OK)
        return sch_perror(&error);
    int code = sch_migrate(store, &report, &error);
    sch_store_close(store);
    if (code != SCH_OK)
        return sch_perror(&error);
    if (report.dossiers == 0 && report.messages == 0)
        printf("%s: schema %d is current, nothing to migrate\n", config->store, SCH_RECORD_SCHEMA);
    else
        printf("%s: now of schema %d: %llu dossiers, %llu messages\n", config->store, SCH_RECORD_SCHEMA,
               (unsigned long long)report.dossiers, (unsigned long long)report.messages);
    return 0;
}

/* ---- options ------------------------------------------------------------------------------------ */

enum action { SERVE, CHECK_CONFIG, PRINT_STATES, PRINT_EXPECTATIONS, MIGRATE, AUDIT_VERIFY, VERSION, HELP };

static int ask(const struct sch_config *config, const char *request)
{
    sch_error error = SCH_ERROR_INIT;
    int code = sch_control_ask(config->store, request, ASK_TIMEOUT_MS, stdout, &error);
    return code == SCH_OK ? 0 : sch_perror(&error);
}

static int with_config(const char *path, enum action action, int count, char **word)
{
    struct sch_config config;
    int result = load(&config, path);
    if (result == 0) {
        if (action == MIGRATE)
            result = migrate(&config);
        else if (count == 0)
            result = sch_serve(&config);
        else if (strcmp(word[0], "backup") == 0)
            result = backup_create(&config, word[2]);
        else
            result = ask(&config, word[0]);
    }
    sch_config_close(&config);
    return result;
}

/* Words after the options: what to do with a broker or a copy. */
static int command(const char *path, int count, char **word)
{
    if (count == 3 && strcmp(word[0], "backup") == 0 && strcmp(word[1], "verify") == 0)
        return backup_verify(word[2]);
    bool create = count == 3 && strcmp(word[0], "backup") == 0 && strcmp(word[1], "create") == 0;
    bool plain = count == 1 && (strcmp(word[0], "status") == 0 || strcmp(word[0], "reload") == 0
                                || strcmp(word[0], "confirm-time") == 0);
    if (!create && !plain)
        return wrong_usage("unknown command");
    return with_config(path, SERVE, count, word);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, CHECK_CONFIG },
        { "print-states", no_argument, NULL, PRINT_STATES },
        { "print-expectations", no_argument, NULL, PRINT_EXPECTATIONS },
        { "migrate", no_argument, NULL, MIGRATE },
        { "audit-verify", required_argument, NULL, AUDIT_VERIFY },
        { "version", no_argument, NULL, VERSION },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
    };
    const char *config = CONFIG_DEFAULT, *directory = NULL;
    enum action action = SERVE;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (option == '?') {            /* getopt said what is wrong */
            fputs("try: scharnierd --help\n", stderr);
            return USAGE_EXIT;
        }
        if (option == 'c') {
            config = optarg;
            continue;
        }
        action = option == 'h' ? HELP : (enum action)option;
        if (action == AUDIT_VERIFY)
            directory = optarg;
    }
    if (action != SERVE && optind < argc)
        return wrong_usage("that option takes no further words");
    if (sodium_init() < 0)
        return 1;
    switch (action) {
    case SERVE:
        return optind < argc ? command(config, argc - optind, argv + optind)
                             : with_config(config, SERVE, 0, NULL);
    case MIGRATE:
        return with_config(config, MIGRATE, 0, NULL);
    case CHECK_CONFIG:
        return sch_config_print_check(config, now_ms(), stdout);
    case PRINT_STATES:
        sch_print_states(stdout);
        return 0;
    case PRINT_EXPECTATIONS:
        sch_print_expectations(stdout);
        return 0;
    case AUDIT_VERIFY:
        return audit_verify(directory);
    case VERSION:
        printf("scharnierd %s, wire %d, store schema %d\n", SCH_VERSION, SCH_WIRE_MAX, SCH_RECORD_SCHEMA);
        return 0;
    case HELP:
        fputs(usage, stdout);
        return 0;
    }
    return USAGE_EXIT;
}
