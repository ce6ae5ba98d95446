/* SPDX-License-Identifier: MIT */
/**
 * @file export.h
 * Marks what the shared library exports.
 */
#ifndef RNNC_EXPORT_H
#define RNNC_EXPORT_H

/** A function of the public interface. */
#if defined(__GNUC__)
#define RNNC_API __attribute__((visibility("default")))
#else
#define RNNC_API
#endif

#endif
