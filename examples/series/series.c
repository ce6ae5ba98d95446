/* SPDX-License-Identifier: MIT */
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096 };

static bool append(series *to, float value, int64_t *room)
{
    if (to->count == *room) {
        *room = *room > 0 ? 2 * *room : 1024;
        float *more = realloc(to->values, (size_t)*room * sizeof *to->values);
        if (more == NULL)
            return false;
        to->values = more;
    }
    to->values[to->count++] = value;
    return true;
}

/* Whether a line ends with a number, which is then in `value`. */
static bool last_number(const char *line, float *value)
{
    const char *comma = strrchr(line, ',');
    const char *start = comma ? comma + 1 : line;
    char *end;
    *value = strtof(start, &end);
    return end != start && strspn(end, " \t\r\n\"") == strlen(end) &&
           isfinite(*value);
}

bool series_read(series *to, const char *path)
{
    *to = (series){0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char line[LINE];
    float value;
    int64_t room = 0;
    bool kept = true;
    while (kept && fgets(line, sizeof line, file))
        if (last_number(line, &value))
            kept = append(to, value, &room);
    fclose(file);
    return kept;
}

/* Noise, -1 to 1. */
static float draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1;
}

bool series_make(series *to, int64_t count)
{
    *to = (series){malloc((size_t)count * sizeof(float)), count};
    uint32_t state = 1;
    for (int64_t day = 0; to->values && day < count; day++) {
        float year = sinf(6.2831853f * (float)(day % 365) / 365);
        float week = day % 7 < 5 ? 1 : -1;
        to->values[day] =
            20 + 8 * year + 3 * week + 0.002f * (float)day + draw(&state);
    }
    return to->values != NULL;
}

void series_free(series *of)
{
    free(of->values);
    *of = (series){0};
}
