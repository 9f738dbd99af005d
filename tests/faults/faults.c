/*
 * faults.c: whatever call fails, is what was promised kept?
 *
 * Each scene of scenes.c is played once without a fault, which counts the calls that can fail. Then it is played once
 * more for each of them, and that call fails: once, or from there on until somebody tries again. The broker must not
 * crash or assert; what it may do is to answer nobody, to refuse what may be tried again, or to stop in order with an
 * error. In the end all that has a receipt must be there, the store's check must pass, nothing that was allocated may
 * be left, and the same must have come out of it as without a fault.
 *
 * Calls that come along the same path are taken for one, and of the paths a share is drawn by the seed, as is whether
 * the fault lasts. With --paths each path is tried, both ways; with --all each call.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../power/power.h"
#include "fault.h"
#include "script.h"

#define START_MS INT64_C(1772438700000)     /* 2026-03-02 09:05 in Amsterdam */
#define CALLS_MAX 65536
#define HANGS_S 60
#define SHOWN_MAX 5                     /* failures that are shown of a scene and kind */

struct options {
    uint64_t seed;
    unsigned share;                     /* of the paths, in thousandths */
    bool paths, all, verbose;
    const char *scene;
    int kind;                           /* -1: every */
    long only;                          /* this call alone; -1: none */
};

struct totals {
    size_t runs, bad, stops, groups, bad_groups;
};

static char expected[SCRIPT_TEXT_MAX];  /* what comes out of this scene without a fault */
static size_t calls[FAULT_KINDS];
enum { NOT_TRIED = 0, ONCE = 1, LASTING = 2, BOTH = 3 };
static unsigned chosen[FAULT_KINDS][CALLS_MAX];

/* ---- one play ------------------------------------------------------------------------------------ */

static void remove_files(void)
{
    static const char *const names[] = { "data.mdb", "lock.mdb" };
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", power_directory, names[i]);
        (void)unlink(path);
    }
}

/* The stage is opened before the first call counts: its own opening is the test's. */
static void play(struct script *script, const struct script_scene *scene, const struct sch_book *book, bool watch,
                 enum fault_kind kind, size_t n, bool lasting)
{
    memset(script, 0, sizeof *script);
    remove_files();
    stage_open(&script->stage, book, START_MS);
    if (watch)
        fault_watch();
    else
        fault_arm(kind, n, lasting);
    script_run(script, scene);
}

static const char *difference(const char *text)
{
    static char both[400];
    const char *a = expected, *b = text;

    while (*a != '\0' && strcspn(a, "\n") == strcspn(b, "\n") && strncmp(a, b, strcspn(a, "\n") + 1) == 0) {
        a += strcspn(a, "\n") + 1;
        b += strcspn(b, "\n") + 1;
    }
    (void)snprintf(both, sizeof both, "\"%.*s\" instead of \"%.*s\"", (int)strcspn(b, "\n"), b, (int)strcspn(a, "\n"),
                   a);
    return both;
}

/* In a process of its own: NULL, or what is wrong with it. */
static const char *wrong_with(struct script *script)
{
    static char left[64];

    if (script->wrong[0] != '\0')
        return script->wrong;
    if (!fault_struck())
        return "the call was not reached";
    if (strcmp(script->text, expected) != 0)
        return difference(script->text);
    (void)snprintf(left, sizeof left, "%zu blocks were not freed", fault_unfreed());
    return fault_unfreed() > 0 ? left : NULL;
}

/* ---- one fault ----------------------------------------------------------------------------------- */

/* Exits with 0: good, 1: bad, 2: good, and the broker stopped meanwhile. */
static int play_fault(const struct script_scene *scene, const struct sch_book *book, enum fault_kind kind, size_t n,
                      bool lasting, bool quiet)
{
    struct script *script = malloc(sizeof *script);
    const char *wrong;
    int code;

    assert(script != NULL);
    (void)alarm(HANGS_S);
    play(script, scene, book, false, kind, n, lasting);
    wrong = wrong_with(script);
    if (wrong != NULL && !quiet)
        printf("faults: --scene %s --kind %s --call %zu%s: %s\n", scene->name, fault_name[kind], n,
               lasting ? " and on" : "", wrong);
    code = wrong != NULL ? 1 : script->stops > 0 ? 2 : 0;
    free(script);
    return code;
}

static void try_fault(const struct script_scene *scene, const struct sch_book *book, enum fault_kind kind, size_t n,
                      bool lasting, bool loud, size_t *bad_so_far, struct totals *totals)
{
    bool quiet = *bad_so_far >= SHOWN_MAX;
    int status = 0;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        if (!loud && freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        exit(play_fault(scene, book, kind, n, lasting, quiet));
    }
    if (waitpid(child, &status, 0) != child)
        status = 1;
    if (WIFSIGNALED(status) && !quiet)
        printf("faults: --scene %s --kind %s --call %zu%s: %s\n", scene->name, fault_name[kind], n,
               lasting ? " and on" : "", strsignal(WTERMSIG(status)));
    totals->runs++;
    totals->stops += WIFEXITED(status) && WEXITSTATUS(status) == 2;
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 1) {
        ++*bad_so_far;
        totals->bad++;
    }
}

/* ---- which ones ---------------------------------------------------------------------------------- */

static bool seen_before(enum fault_kind kind, size_t call)
{
    for (size_t i = 0; i < call; i++)
        if (fault_path(kind, i) == fault_path(kind, call))
            return true;
    return false;
}

/* How a call is to fail, if at all. A commit that happened and goes on failing is no other fault than one that did so
 * once. */
static unsigned ways(enum fault_kind kind, size_t call, bool first, const struct options *options,
                     struct sch_prng *prng)
{
    unsigned drawn = first && sch_prng_chance(prng, options->share) ? 1 + (unsigned)sch_prng_below(prng, 2) : 0;

    if (options->only >= 0)
        drawn = call == (size_t)options->only ? BOTH : NOT_TRIED;
    else if (options->all || (options->paths && first))
        drawn = BOTH;
    return kind == FAULT_COMMIT_KEPT && drawn != NOT_TRIED ? ONCE : drawn;
}

/* Of each path the first call. How many paths there are. */
static size_t choose(enum fault_kind kind, const struct options *options, struct sch_prng *prng)
{
    size_t paths = 0;

    calls[kind] = fault_calls(kind);
    for (size_t i = 0; i < calls[kind]; i++) {
        bool first = !seen_before(kind, i);

        paths += first;
        chosen[kind][i] = ways(kind, i, first, options, prng);
    }
    return paths;
}

static void try_kind(const struct script_scene *scene, const struct sch_book *book, enum fault_kind kind, size_t paths,
                     const struct options *options, struct totals *totals)
{
    size_t bad = 0, tried = totals->runs;

    for (size_t i = 0; i < calls[kind]; i++) {
        if ((chosen[kind][i] & ONCE) != 0)
            try_fault(scene, book, kind, i, false, options->verbose, &bad, totals);
        if ((chosen[kind][i] & LASTING) != 0)
            try_fault(scene, book, kind, i, true, options->verbose, &bad, totals);
    }
    printf("faults: %-9s %-11s %6zu calls on %4zu paths, %5zu plays, %zu bad\n", scene->name, fault_name[kind],
           calls[kind], paths, totals->runs - tried, bad);
    totals->groups++;
    totals->bad_groups += bad > 0;
}

static void try_scene(const struct script_scene *scene, const struct sch_book *book, const struct options *options,
                      struct sch_prng *prng, struct totals *totals)
{
    struct script *script = malloc(sizeof *script);
    size_t paths[FAULT_KINDS];

    assert(script != NULL);
    play(script, scene, book, true, FAULT_ALLOCATION, 0, false);
    if (script->wrong[0] != '\0' || script->stops > 0 || fault_unfreed() > 0) {
        printf("faults: %s goes wrong without a fault: %s, %zu blocks not freed\n", scene->name, script->wrong,
               fault_unfreed());
        totals->bad++;
    }
    memcpy(expected, script->text, sizeof expected);
    if (options->verbose)
        (void)fputs(expected, stdout);
    free(script);
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        paths[kind] = choose((enum fault_kind)kind, options, prng);
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        if (options->kind < 0 || options->kind == kind)
            try_kind(scene, book, (enum fault_kind)kind, paths[kind], options, totals);
}

/* ---- the program --------------------------------------------------------------------------------- */

static const char *value_of(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static bool flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = value_of(argc, argv, name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static struct options read_options(int argc, char **argv)
{
    const char *kind = value_of(argc, argv, "--kind");
    struct options options = { .seed = number(argc, argv, "--seed", 1),
                               .share = (unsigned)number(argc, argv, "--share", 350),
                               .paths = flag(argc, argv, "--paths"), .all = flag(argc, argv, "--all"),
                               .verbose = flag(argc, argv, "--verbose"),
                               .scene = value_of(argc, argv, "--scene"), .kind = -1, .only = -1 };

    for (int i = 0; i < FAULT_KINDS && kind != NULL; i++)
        if (strcmp(kind, fault_name[i]) == 0)
            options.kind = i;
    if (value_of(argc, argv, "--call") != NULL)
        options.only = (long)number(argc, argv, "--call", 0);
    return options;
}

int main(int argc, char **argv)
{
    /* In memory where that can be: nothing here depends on a disk, and there are thousands of commits. */
    char memory[] = "/dev/shm/scharnier-faults-XXXXXX", disk[] = "/tmp/scharnier-faults-XXXXXX";
    struct options options = read_options(argc, argv);
    struct sch_prng prng = { options.seed };
    struct totals totals = { 0 };
    struct sch_book *book = sch_region_sim_book();

    power_directory = mkdtemp(memory);
    if (power_directory == NULL)
        power_directory = mkdtemp(disk);
    if (power_directory == NULL) {
        perror("faults: mkdtemp");
        return 1;
    }
    for (size_t i = 0; i < script_scene_count; i++)
        if (options.scene == NULL || strcmp(options.scene, script_scenes[i].name) == 0)
            try_scene(&script_scenes[i], book, &options, &prng, &totals);
    remove_files();
    (void)rmdir(power_directory);
    sch_region_sim_book_free(book);
    printf("faults: seed %llu, %zu plays with a fault, %zu in which the broker stopped in order, %zu bad\n",
           (unsigned long long)options.seed, totals.runs, totals.stops, totals.bad);
    printf("%zu passed, %zu failed\n", totals.groups - totals.bad_groups, totals.bad_groups + (totals.groups == 0));
    return totals.bad == 0 && totals.groups > 0 ? 0 : 1;
}
