// A district's own GeoJSON as paths: longitudes shortened by the latitude, so that shapes look as they are.
const WIDTH = 800;

const ringsOf = ({ type, coordinates }) => (type === "Polygon" ? coordinates : coordinates.flat());

export function shapes(collection) {
  const points = collection.features.flatMap(({ geometry }) => ringsOf(geometry).flat());
  const of = (index) => points.map((point) => point[index]);
  const bounds = points.length ? [of(0), of(1)].map((values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]) : [[0, 1], [0, 1]];
  const [[west, east], [south, north]] = bounds;
  const shorter = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const scale = WIDTH / Math.max(1e-9, (east - west) * shorter);
  const x = (longitude) => ((longitude - west) * shorter * scale).toFixed(1);
  const y = (latitude) => ((north - latitude) * scale).toFixed(1);
  const path = (ring) => `M${ring.map(([longitude, latitude]) => `${x(longitude)} ${y(latitude)}`).join("L")}Z`;
  // A name stands in the middle of the largest ring.
  const middle = (geometry) => {
    const ring = ringsOf(geometry).reduce((one, other) => (other.length > one.length ? other : one));
    const mean = (index) => ring.reduce((sum, point) => sum + point[index], 0) / ring.length;
    return [Number(x(mean(0))), Number(y(mean(1)))];
  };
  const made = collection.features.map(({ properties, geometry }) => ({ code: properties.code, name: properties.name, d: ringsOf(geometry).map(path).join(""), at: middle(geometry) }));
  return { made, width: WIDTH, height: Math.max(1, (north - south) * scale) };
}
