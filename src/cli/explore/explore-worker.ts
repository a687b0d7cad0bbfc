/** What a thread of `chickadee explore` runs. */
import { answerJob } from "../../host/workers.ts";
import { perform, type Work } from "./work.ts";

answerJob((work) => perform(work as Work));
