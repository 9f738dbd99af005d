/*
 * norm_change.c: scharnier norm check, diff and load: a changed norms file, looked at before it holds and
 * then put in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "norm.h"
#include "norm_diff.h"
#include "output.h"
#include "shell/norm_file.h"

#define FILE_MAX (4 * 1024 * 1024)

static unsigned version_of(const struct sch_norms *norms)
{
    return norms->count > 0 ? norms->row[0].version : 0;
}

/* ---- check --------------------------------------------------------------------------------------- */

int sch_cli_run_norm_check(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_norms *norms = sch_cli_norm_read(cli->operand[0], &error);
    if (norms == NULL)
        return sch_cli_fail(cli, &error);
    if (cli->json)
        (void)sch_json_print("norm_check",
                             json_pack("{s:s,s:b,s:i,s:i}", "file", cli->operand[0], "valid", true, "version",
                                       (int)version_of(norms), "rows", (int)norms->count));
    else
        printf("%s: valid, version %u, %zu rows\n", cli->operand[0], version_of(norms), norms->count);
    sch_cli_next(cli, "scharnier norm diff %s", cli->operand[0]);
    free(norms);
    return 0;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

struct rows {
    struct sch_norm_difference difference[2 * SCH_NORMS_MAX];
    size_t count;
    size_t of[SCH_NORM_CHANGED + 1];
};

static struct rows *compare(const struct sch_norms *before, const struct sch_norms *after, sch_error *error)
{
    struct rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        (void)sch_fail(error, SCH_E_NO_MEMORY, "comparing norms");
        return NULL;
    }
    rows->count = sch_norm_differ(before, after, rows->difference);
    for (size_t i = 0; i < rows->count; i++)
        rows->of[rows->difference[i].change]++;
    return rows;
}

/* "10 working_days", or "off". */
static const char *term_text(const struct sch_norm *norm, char text[48])
{
    if (norm == NULL)
        return "";
    if (norm->enabled)
        snprintf(text, 48, "%u %s", norm->term, sch_norm_file_unit(norm->unit));
    else
        snprintf(text, 48, "off");
    return text;
}

static const char *const change_names[] = { "same", "added", "removed", "changed" };

static void print_rows(const struct rows *rows, const struct sch_norms *before, const struct sch_norms *after)
{
    struct sch_table table = { .columns = 6 };
    for (size_t i = 0; i < rows->count; i++) {
        const struct sch_norm_difference *at = &rows->difference[i];
        const struct sch_norm *row = at->after != NULL ? at->after : at->before;
        char name[32], was[48] = "", is[48] = "", since[SCH_TIME_SIZE], from[SCH_TIME_SIZE + 8];
        sch_cli_norm_name(row, name);
        term_text(at->before, was);
        term_text(at->after, is);
        char terms[112];
        snprintf(terms, sizeof terms, "%s%s%s", was, was[0] && is[0] ? " -> " : "", is);
        snprintf(from, sizeof from, "since %s", sch_time_date(row->since_day, since));
        const char *cell[] = {
            change_names[at->change], name, sch_cli_norm_scope(row), terms, from, row->source
        };
        if (!sch_table_add(&table, cell))
            break;
    }
    sch_table_print(&table, false, stdout);
    sch_table_free(&table);
    if (sch_norm_calendars_differ(before, after))
        printf("the calendars of regions differ\n");
    if (sch_norm_sections_differ(before, after))
        printf("the required sections of letters differ\n");
    printf("version %u -> %u: %zu added, %zu removed, %zu changed\n", version_of(before), version_of(after),
           rows->of[SCH_NORM_ADDED], rows->of[SCH_NORM_REMOVED], rows->of[SCH_NORM_CHANGED]);
}

static json_t *norm_json(const struct sch_norm *norm)
{
    return norm == NULL
               ? json_null()
               : json_pack("{s:s,s:b,s:i,s:s,s:s}", "norm", norm->id, "enabled", norm->enabled, "term",
                           norm->term, "unit", sch_norm_file_unit(norm->unit), "source", norm->source);
}

static json_t *rows_json(const struct rows *rows)
{
    json_t *array = json_array();
    for (size_t i = 0; i < rows->count; i++) {
        const struct sch_norm_difference *at = &rows->difference[i];
        const struct sch_norm *row = at->after != NULL ? at->after : at->before;
        char name[32], since[SCH_TIME_SIZE];
        sch_cli_norm_name(row, name);
        json_array_append_new(array,
                              json_pack("{s:s,s:s,s:s,s:s,s:o,s:o}", "change", change_names[at->change],
                                        "expectation", name, "scope", sch_cli_norm_scope(row), "since",
                                        sch_time_date(row->since_day, since), "before", norm_json(at->before),
                                        "after", norm_json(at->after)));
    }
    return array;
}

/* ---- diff ---------------------------------------------------------------------------------------- */

struct weighing {
    struct sch_cli *cli;
    const struct sch_norms *before, *after;
    struct sch_norm_effect effect;
};

static bool take_promises(void *context, const struct sch_page *page)
{
    struct weighing *weighing = context;
    for (size_t i = 0; i < page->unanswered_count; i++)
        sch_norm_effect_add(&weighing->effect, weighing->before, weighing->after, &page->unanswered[i],
                            sch_now_ms(weighing->cli->client));
    return true;
}

/* The list of open promises is the broker's; without a configuration of a client there is none to ask. */
static bool has_client(const struct sch_cli *cli)
{
    return cli->config != NULL || access(sch_cli_config_path(cli), R_OK) == 0;
}

static void print_effect(const struct sch_norm_effect *effect)
{
    printf("of %zu open promises %zu would be due earlier, %zu later, %zu would not be counted;\n"
           "over norm: %zu now, %zu under the new norms\n"
           "open promises keep the norm that they were opened under; new ones get the new norm\n",
           effect->open, effect->earlier, effect->later, effect->dropped, effect->over_now,
           effect->over_then);
}

static json_t *effect_json(const struct sch_norm_effect *effect)
{
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "open", (int)effect->open, "earlier", (int)effect->earlier,
                     "later", (int)effect->later, "dropped", (int)effect->dropped, "over_now",
                     (int)effect->over_now, "over_then", (int)effect->over_then);
}

int sch_cli_run_norm_diff(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    char path[PATH_MAX];
    struct sch_norms *before = sch_cli_norm_current(cli, path, sizeof path, &error);
    struct sch_norms *after = before != NULL ? sch_cli_norm_read(cli->operand[0], &error) : NULL;
    struct rows *rows = after != NULL ? compare(before, after, &error) : NULL;
    bool asked = rows != NULL && has_client(cli);
    struct weighing weighing = { .cli = cli, .before = before, .after = after };
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED, .limit = SCH_PAGE_ROWS_MAX };
    if (asked)
        (void)sch_cli_ask(cli, &query, take_promises, &weighing, &error);
    int result = 0;
    if (error.code != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (cli->json) {
        (void)sch_json_print("norm_diff",
                             json_pack("{s:s,s:s,s:i,s:i,s:o,s:b,s:b,s:o}", "before", path, "after",
                                       cli->operand[0], "version_before", (int)version_of(before),
                                       "version_after", (int)version_of(after), "rows", rows_json(rows),
                                       "calendars_differ", sch_norm_calendars_differ(before, after),
                                       "sections_differ", sch_norm_sections_differ(before, after), "effect",
                                       asked ? effect_json(&weighing.effect) : json_null()));
    } else {
        print_rows(rows, before, after);
        if (asked)
            print_effect(&weighing.effect);
        else
            printf("no client configuration: the effect on open promises was not computed (--config FILE)\n");
        if (version_of(after) > version_of(before))
            sch_cli_next(cli, "scharnier norm load %s", cli->operand[0]);
    }
    free(rows);
    free(after);
    free(before);
    return result;
}

/* ---- load ---------------------------------------------------------------------------------------- */

struct paths {
    char current[PATH_MAX];
    char fresh[PATH_MAX];
    char previous[PATH_MAX];
};

static int io_error(const char *path, sch_error *error)
{
    return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
}

/* The new file beside the current one, with its owner and mode, and on the disk before anything is renamed.
 */
static int write_fresh(const struct paths *paths, const char *content, size_t size, sch_error *error)
{
    struct stat now;
    (void)unlink(paths->fresh);
    int code = sch_cli_write(paths->fresh, true, content, size, error);
    if (code != SCH_OK)
        return code;
    int fd = open(paths->fresh, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && stat(paths->current, &now) == 0 && fchmod(fd, now.st_mode & 07777) == 0 &&
                (fchown(fd, now.st_uid, now.st_gid) == 0 || errno == EPERM) && fsync(fd) == 0;
    if (!good)
        code = io_error(paths->fresh, error);
    if (fd >= 0)
        close(fd);
    return code;
}

/* The current file stays under its name until the very rename. */
static int install(const struct paths *paths, sch_error *error)
{
    (void)unlink(paths->previous);
    if (link(paths->current, paths->previous) != 0)
        return io_error(paths->previous, error);
    return rename(paths->fresh, paths->current) == 0 ? SCH_OK : io_error(paths->current, error);
}

/* A broker that will not take the file goes on with the former one, on the disk too. */
static int reload(const struct sch_cli *cli, const struct paths *paths, sch_error *error)
{
    char *answer = sch_cli_control(cli, "reload", error);
    free(answer);
    if (answer != NULL)
        return SCH_OK;
    if (rename(paths->previous, paths->current) != 0)
        fprintf(stderr, "scharnier: %s could not be put back: %s\n", paths->previous, strerror(errno));
    return (int)error->code;
}

static int find_paths(const struct sch_cli *cli, struct paths *paths, sch_error *error)
{
    char *status = sch_cli_control(cli, "status", error);
    bool found =
        status != NULL && sch_cli_control_value(status, "norms", paths->current, sizeof paths->current);
    free(status);
    if (!found)
        return status != NULL ? sch_fail(error, SCH_E_PROTOCOL, "the broker did not say where its norms are")
                              : (int)error->code;
    int more = snprintf(paths->fresh, sizeof paths->fresh, "%.4000s.new", paths->current);
    more = more < 0 ? more
                    : snprintf(paths->previous, sizeof paths->previous, "%.4000s.previous", paths->current);
    return more > 0 ? SCH_OK : sch_fail(error, SCH_E_IO, "the path of the norms is too long");
}

static int load(struct sch_cli *cli, struct paths *paths, struct sch_norms **before, struct sch_norms **after,
                sch_error *error)
{
    size_t size = 0;
    int code = find_paths(cli, paths, error);
    if (code != SCH_OK)
        return code;
    *before = sch_cli_norm_read(paths->current, error);
    *after = *before != NULL ? sch_cli_norm_read(cli->operand[0], error) : NULL;
    if (*after == NULL)
        return (int)error->code;
    if (version_of(*after) <= version_of(*before))
        return sch_fail(error, SCH_E_NORM_FORMAT,
                        "%s: version %u is not above %u, which is in force: raise it", cli->operand[0],
                        version_of(*after), version_of(*before));
    if (sch_cli_is(cli, "dry-run"))
        return SCH_OK;
    char *content = sch_cli_read(cli->operand[0], FILE_MAX, &size, error);
    if (content == NULL)
        return (int)error->code;
    code = write_fresh(paths, content, size, error);
    free(content);
    if (code == SCH_OK)
        code = install(paths, error);
    if (code != SCH_OK)
        (void)unlink(paths->fresh);
    return code == SCH_OK ? reload(cli, paths, error) : code;
}

int sch_cli_run_norm_load(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct paths paths = { .current = "" };
    struct sch_norms *before = NULL;
    struct sch_norms *after = NULL;
    bool dry = sch_cli_is(cli, "dry-run");
    int code = load(cli, &paths, &before, &after, &error);
    struct rows *rows = code == SCH_OK ? compare(before, after, &error) : NULL;
    int result = 0;
    if (rows == NULL) {
        result = sch_cli_fail(cli, &error);
    } else if (cli->json) {
        (void)sch_json_print("norm_load",
                             json_pack("{s:s,s:b,s:i,s:i,s:o}", "file", paths.current, "loaded", !dry,
                                       "version_before", (int)version_of(before), "version_after",
                                       (int)version_of(after), "rows", rows_json(rows)));
    } else {
        print_rows(rows, before, after);
        if (dry)
            printf("nothing was loaded\n");
        else
            printf("loaded: %s; the former one is %s\n"
                   "open promises keep the norm that they were opened under; new ones get the new norm\n",
                   paths.current, paths.previous);
    }
    free(rows);
    free(after);
    free(before);
    return result;
}
