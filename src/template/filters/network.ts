import type { FilterTable } from "./filter.ts"; export const networkFilters: FilterTable = {};
