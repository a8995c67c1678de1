import { start } from "bss-sim";

await using simulator = await start();
await using space = await simulator.space({ label: "a retry" });
await space.script({ gateway: "APIGW.0308" });
console.log(space.url, space.ak, (await space.scripted())[0].left);
