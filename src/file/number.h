// SPDX-License-Identifier: MIT
// Numbers as JSON text, whatever the locale.
#ifndef RNI_NUMBER_H
#define RNI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RNI_NUMBER_TEXT = 24 }; // bytes of any number, with its closing 0

// Bytes of the JSON number that `text` begins with; 0: it begins with none.
size_t rni_number_scan(const char *text, size_t length);

// The value of a number that was scanned, within two units of a double's last
// place, so that what rni_number_print writes reads back as the same float.
// Beyond a double's range it is an infinity, or zero.
double rni_number_parse(const char *text, size_t length);

// False where the number has a fraction or an exponent, or does not fit.
bool rni_number_parse_integer(const char *text, size_t length, int64_t *value);

// The fewest digits (9 at most) that read back as the same finite float.
void rni_number_print(float value, char text[RNI_NUMBER_TEXT]);
void rni_number_print_integer(int64_t value, char text[RNI_NUMBER_TEXT]);

#endif
