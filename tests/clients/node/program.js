// A program that takes its endpoint and its key from the environment. It applies twice, and prints what it gets.

import { application, SigningPartner } from "./partner.js";

const partner = new SigningPartner(process.env.BSS_SIM_URL, undefined);
const first = await partner.apply(application());
const second = await partner.apply(application()).catch((error) => error);
console.log(`${first.is_review}\n${second.errorCode}`);
