// What the oracle needs of the `bignum` package (OpenSSL's arithmetic), which brings no types.
declare module 'bignum' {
  interface BigNum {
    mul(other: BigNum): BigNum;
    div(other: BigNum): BigNum;
    shiftLeft(bits: number): BigNum;
    cmp(other: BigNum): number;
    toString(base?: number): string;
  }
  function bignum(text: string, base?: number): BigNum;
  export = bignum;
}
