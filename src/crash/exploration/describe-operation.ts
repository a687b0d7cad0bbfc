/** Operations in words. */
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { OperationCode } from "../../machine/cpu/operation.ts";
import { lockVerb, type PlacedOperation } from "./lock-operation.ts";

/** Names of operations, by their codes without a size. */
const names: ReadonlyMap<number, string> = new Map(
    Object.entries(OperationCode).map(([name, code]) => [code, inWords(name)]),
);

const systemCallNames: ReadonlyMap<number, string> = new Map(
    Object.entries(SystemCall).map(([name, callNo]) => [callNo, name]),
);

/** `store 0x9000`, `acquire futex`, `system call write`. */
export function describeOperation(observed: PlacedOperation): string {
    const { operation, address, subject, value } = observed;
    const verb = lockVerb(observed);
    if (verb !== undefined) {
        return `${verb} ${subject}`;
    }
    const about = subject === undefined ? "" : `, ${subject}`;
    if (operation >= OperationCode.load && operation < OperationCode.pause) {
        const name = names.get(operation - (operation & 0x0f)) ?? "access";
        const isPort = operation >= OperationCode.input;
        return `${name} ${isPort ? "port " : ""}${hexadecimal(address)}${about}`;
    }
    const name = names.get(operation) ?? `operation ${operation}`;
    switch (operation) {
        case OperationCode.systemCall:
            return `system call ${systemCallNames.get(value) ?? value}`;
        case OperationCode.endOfProgram:
            return "return";
        case OperationCode.copy:
        case OperationCode.fill:
            return `${name} to ${hexadecimal(address)}${about}`;
        default:
            return `${name}${about}`;
    }
}

/** As registers hold it: the kernel's addresses, which are negative, with their high bits. */
function hexadecimal(address: number): string {
    return `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
}

/** `compareExchange` as `compare exchange`. */
function inWords(name: string): string {
    return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
