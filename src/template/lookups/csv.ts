/** Rows of a CSV text: fields may be quoted, a doubled quote stands for one. */
export function readCsv(text: string, delimiter: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const one = text[index] ?? "";
    if (isQuoted) {
      if (one !== '"') field += one;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else isQuoted = false;
    } else if (one === '"' && field === "") isQuoted = true;
    else if (one === delimiter) {
      row.push(field);
      field = "";
    } else if (one === "\n" || one === "\r") {
      if (one === "\r" && text[index + 1] === "\n") index += 1;
      row.push(field);
      rows.push(row);
      row = [];
      field = "";
    } else field += one;
  }
  if (field !== "" || row.length > 0) rows.push([...row, field]);
  return rows.filter((one) => one.length > 1 || one[0] !== "");
}
