// Townships as squares, roughly where they lie to each other. Nobody's boundary: each has the same size, and the page
// says so. Districts without an arrangement here stand in the order of their codes.
const ARRANGED = {
  511802: {
    // Column, row: north is up.
    511802111: [1, 0], 511802107: [2, 0],
    511802110: [0, 1], 511802002: [1, 1], 511802003: [2, 1], 511802004: [3, 1],
    511802113: [1, 2], 511802001: [2, 2], 511802005: [3, 2], 511802101: [4, 2],
    511802112: [1, 3], 511802114: [2, 3], 511802109: [3, 3],
  },
};
const COLUMNS = 4;

export function arranged(district, areas) {
  const known = ARRANGED[district];
  if (known && areas.every(({ key }) => known[key])) return areas.map((area) => ({ ...area, column: known[area.key][0], row: known[area.key][1] }));
  return areas.map((area, index) => ({ ...area, column: index % COLUMNS, row: Math.floor(index / COLUMNS) }));
}
