// SPDX-License-Identifier: MIT
// Double-precision functions for the scalars of updates and schedules. No
// libm: plain double arithmetic, so every machine gives the same bits.
#ifndef RNI_REAL_H
#define RNI_REAL_H

// Correctly rounded or one unit beside it. x is not negative; a NaN and an
// infinity give themselves.
double rni_real_root(double x);

// x^y, x >= 0. A whole y is done by squaring, with a relative error of at most
// |y| 2^-52; any other y as exp(y log x), with at most (3 + |y log x|) 2^-51.
// NaN where x is negative and y not whole.
double rni_real_power(double x, double y);

// The cosine of pi x, within 2^-51; exact where x is a multiple of 1/2.
double rni_real_cosine_pi(double x);

#endif
