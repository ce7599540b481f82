import type { Info } from "@shop/common";

export function Heading({ info }: { info: Info | undefined }) {
  return (
    <header>
      <h1>Tableware</h1>
      <p>{info && `${info.instance} · ${info.database} · ${info.bucket}`}</p>
    </header>
  );
}
