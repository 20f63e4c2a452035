#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The server puts rows into a page one after the other for as long as they fit. In the order in
 * which files come, a page of blobs is left with an eighth of it free, since a row is a good part
 * of a page.
 */

/*
 * Sets order to the indexes of blobs of so many bytes, in an order that leaves little of the pages
 * free: the largest begins a page, and what fits best fills it. Those of one size keep their order.
 */
void pages_order(const uint32_t *bytes, size_t count, uint32_t *order);
