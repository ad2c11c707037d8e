import type { FilterTable } from "./filter.ts"; export const dateFilters: FilterTable = {};
