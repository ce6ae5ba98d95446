// SPDX-License-Identifier: MIT
// A side of bench/compare.py in C: a program that stays alive and does what
// the lines of its standard input ask for. Usage: rows THREADS
//   about                            what runs here, in words
//   peak                             multiply-adds of a core, FLOP/s
//   bandwidth BYTES                  of reading so many again and again, B/s
//   open KIND CELL BATCH STEPS INPUTS HIDDEN FORM  makes a row ready
//   show                             its results, an array a line
//   time N                           seconds a unit of work, over N units
//   sample N                         where the time of N units goes
//   memory                           bytes of rows, of the run, at most
//   plan                             what was made of the cell
//   close                            lets go of the row
// Each answer ends with a line "ok ..." or "absent why".
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "bandwidth.h"
#include "peak.h"
#include "sample.h"
#include "work.h"

enum { LINE = 256 };

typedef struct session {
    int threads;
    bench_work *work; // NULL: no row is open
} session;

static void about(session *s, const char *line)
{
    (void)line;
    printf("ok ");
    bench_work_about();
    printf(", threads: %d\n", s->threads);
}

static void peak(session *s, const char *line)
{
    (void)s;
    (void)line;
    printf("ok %.6g\n", bench_peak(bench_work_isa()));
}

static int64_t count_of(const char *line)
{
    int64_t count = 0;
    if (sscanf(line, "%*s %" SCNd64, &count) != 1 || count < 1)
        bench_fail("not understood", line);
    return count;
}

static void bandwidth(session *s, const char *line)
{
    printf("ok %.6g\n", bench_bandwidth(count_of(line), s->threads));
}

static void close_row(session *s, const char *line)
{
    (void)line;
    if (s->work)
        bench_work_free(s->work);
    s->work = NULL;
    printf("ok\n");
}

static void open_row(session *s, const char *line)
{
    bench_row row = {0};
    if (sscanf(line,
               "open %15s %15s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
               " %15s",
               row.kind, row.cell, &row.batch, &row.steps, &row.inputs,
               &row.hidden, row.form) != 7)
        bench_fail("not understood", line);
    if (s->work)
        bench_fail("a row is open", line);
    s->work = bench_work_make(&row, s->threads);
    if (s->work)
        printf("ok\n");
    else
        printf("absent no such kind, cell or form\n");
}

static void need_row(const session *s, const char *line)
{
    if (!s->work)
        bench_fail("no row is open", line);
}

static void show(session *s, const char *line)
{
    need_row(s, line);
    bench_work_show(s->work);
    printf("ok\n");
}

static void measure(session *s, const char *line)
{
    int64_t count = count_of(line);
    need_row(s, line);
    double start = bench_seconds();
    for (int64_t i = 0; i < count; i++)
        bench_work_do(s->work);
    printf("ok %.9g\n", (bench_seconds() - start) / (double)count);
}

static void sample(session *s, const char *line)
{
    int64_t count = count_of(line);
    need_row(s, line);
    bench_sample_ready();
    for (int64_t i = 0; i < count / 4 + 1; i++)
        bench_work_do(s->work);
    if (!bench_sample_start()) {
        printf("absent no timers for threads here\n");
        return;
    }
    for (int64_t i = 0; i < count; i++)
        bench_work_do(s->work);
    bench_sample_stop();
    printf("ok\n");
}

static void memory(session *s, const char *line)
{
    need_row(s, line);
    bench_memory m = bench_work_memory(s->work);
    printf("ok %" PRId64 " %" PRId64 " %" PRId64 "\n", m.rows, m.run, m.most);
}

static void plan(session *s, const char *line)
{
    need_row(s, line);
    bench_work_plan(s->work);
    printf("ok\n");
}

static const struct {
    const char *name;
    void (*act)(session *, const char *line);
} commands[] = {
    {"about", about},     {"peak", peak},     {"bandwidth", bandwidth},
    {"open", open_row},   {"show", show},     {"time", measure},
    {"sample", sample},   {"memory", memory}, {"plan", plan},
    {"close", close_row},
};

static void obey(session *s, const char *line)
{
    char name[BENCH_NAME] = "";
    sscanf(line, "%15s", name);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].act(s, line);
            fflush(stdout);
            return;
        }
    }
    bench_fail("no such command", line);
}

int main(int count, char **words)
{
    session s = {.threads = count > 1 ? atoi(words[1]) : 1};
    char line[LINE];
    while (fgets(line, sizeof line, stdin))
        obey(&s, line);
    if (s.work)
        bench_work_free(s.work);
    return 0;
}
