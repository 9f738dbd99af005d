/*
 * year.c: a region-year in fast time: who fell silent, and whether the broker knew.
 *
 *   year [--seed N] [--dossiers N]
 *
 * Lives are drawn first (lives.c) and written into the test's own ledger (ledger.c), which works out what is owed on
 * which day without the broker. Then the year is played on the real turn (play.c), and the judge compares. The last
 * line is "year: D dossiers, M messages, A alerts, R restarts, P planted, F found, V violations".
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "judge.h"
#include "lives.h"
#include "names.h"
#include "shell/log.h"

#define LOOK_DAYS 31

struct checks {
    unsigned passed, failed, violations;
};

static bool parse(int argc, char **argv, uint64_t *seed, long *dossiers)
{
    static const struct option options[] = { { "seed", required_argument, NULL, 's' },
                                             { "dossiers", required_argument, NULL, 'd' },
                                             { NULL, 0, NULL, 0 } };
    int option;

    while ((option = getopt_long(argc, argv, "s:d:", options, NULL)) != -1) {
        if (option == 's')
            *seed = strtoull(optarg, NULL, 10);
        else if (option == 'd')
            *dossiers = strtol(optarg, NULL, 10);
        else
            return false;
    }
    return optind == argc && *dossiers >= 1 && *dossiers <= 200000;
}

/* A check held when it found nothing wrong. */
static void count_check(struct checks *checks, const struct play *play)
{
    if (play->violations == checks->violations)
        checks->passed++;
    else
        checks->failed++;
    checks->violations = play->violations;
}

static void print_table(const struct judge *judge, uint64_t *planted, uint64_t *found)
{
    printf("%-22s %18s %22s\n", "silence", "planted/found", "overdue owed/shown");
    for (enum sch_silence silence = 1; silence < SCH_SILENCE_COUNT; silence++) {
        printf("%-22s %9llu %8llu %13llu %8llu\n", sch_code_name(SCH_SET_SILENCE, silence),
               (unsigned long long)judge->planted[silence], (unsigned long long)judge->found[silence],
               (unsigned long long)judge->owed[silence], (unsigned long long)judge->shown[silence]);
        *planted += judge->owed[silence];
        *found += judge->shown[silence];
    }
    printf("planted: left on purpose and overdue at the end; owed: overdue promises over %llu looks at the worklist, of "
           "%llu rows; statistics: %llu groups, ages: %llu rows, each recomputed\n",
           (unsigned long long)judge->looks, (unsigned long long)judge->rows, (unsigned long long)judge->statistics,
           (unsigned long long)judge->ages);
}

int main(int argc, char **argv)
{
    static struct region region;
    static struct ledger ledger;
    static struct play play;
    struct judge judge;
    struct checks checks = { 0, 0, 0 };
    uint64_t seed = 1, planted = 0, found = 0;
    long dossiers = 20000;
    bool held;

    if (!parse(argc, argv, &seed, &dossiers)) {
        fprintf(stderr, "usage: year [--seed N] [--dossiers N]\n");
        return 2;
    }
    printf("year: seed %llu, %ld dossiers\n", (unsigned long long)seed, dossiers);
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    memset(&judge, 0, sizeof judge);
    region_open(&region);
    ledger_open(&ledger, &region, almanac_start_of(almanac_day(2026, 1, 1)), almanac_start_of(almanac_day(2027, 1, 1)));
    lives_draw(&ledger, seed, (int32_t)dossiers);
    play_open(&play, &ledger);
    for (int32_t day = almanac_day(2026, 1, 1) + LOOK_DAYS; day < almanac_day(2026, 12, 20); day += LOOK_DAYS) {
        play_until(&play, ledger_awake(&ledger, almanac_start_of(day) + INT64_C(12) * 3600000) + 60000);
        judge_worklist(&judge, &play, false);
        count_check(&checks, &play);
    }
    play_until(&play, ledger.end_ms - 600);
    judge_worklist(&judge, &play, true);
    count_check(&checks, &play);
    judge_deliveries(&play);
    count_check(&checks, &play);
    judge_alerts(&judge, &play);
    count_check(&checks, &play);
    judge_statistics(&judge, &play);
    count_check(&checks, &play);
    judge_ages(&judge, &play);
    count_check(&checks, &play);
    print_table(&judge, &planted, &found);
    printf("%llu turns, %llu deliveries, %llu delivery reports, %zu reminders collected, %llu resent of which %llu known, "
           "%llu rightly refused\n",
           (unsigned long long)play.turns, (unsigned long long)play.deliveries, (unsigned long long)play.reports,
           play.reminder_count, (unsigned long long)play.resent, (unsigned long long)play.duplicates,
           (unsigned long long)play.refused);
    held = play.violations == 0 && planted == found;
    printf("%u passed, %u failed\n", checks.passed, checks.failed);
    printf("year: %d dossiers, %d messages, %llu alerts, %u restarts, %llu planted, %llu found, %u violations\n",
           ledger.dossier_count, ledger.message_count, (unsigned long long)judge.alerts, play.restarts,
           (unsigned long long)planted, (unsigned long long)found, play.violations);
    play_close(&play);
    ledger_close(&ledger);
    region_close(&region);
    return held ? 0 : 1;
}
