import type { FilterTable } from "./filter.ts"; export const cryptFilters: FilterTable = {};
