export default function Page() {
  return <h1>Small studio</h1>;
}
