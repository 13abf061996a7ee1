/**
 * FMA3 (SDM vol. 2: VFMADD132PD ...). The digits say which operands are multiplied, and which is added.
 * One line is one row; the notation is explained in ../README.md.
 */
export const fmaRows = `
vfmaddsub132ps     vex 66 w0 0f 38 96 /r            x x.v x/mx
vfmaddsub132pd     vex 66 w1 0f 38 96 /r            x x.v x/mx
vfmsubadd132ps     vex 66 w0 0f 38 97 /r            x x.v x/mx
vfmsubadd132pd     vex 66 w1 0f 38 97 /r            x x.v x/mx
vfmadd132ps        vex 66 w0 0f 38 98 /r            x x.v x/mx
vfmadd132pd        vex 66 w1 0f 38 98 /r            x x.v x/mx
vfmadd132ss        vex 66 w0 0f 38 99 /r            xmm xmm.v xmm32/m32
vfmadd132sd        vex 66 w1 0f 38 99 /r            xmm xmm.v xmm64/m64
vfmsub132ps        vex 66 w0 0f 38 9a /r            x x.v x/mx
vfmsub132pd        vex 66 w1 0f 38 9a /r            x x.v x/mx
vfmsub132ss        vex 66 w0 0f 38 9b /r            xmm xmm.v xmm32/m32
vfmsub132sd        vex 66 w1 0f 38 9b /r            xmm xmm.v xmm64/m64
vfnmadd132ps       vex 66 w0 0f 38 9c /r            x x.v x/mx
vfnmadd132pd       vex 66 w1 0f 38 9c /r            x x.v x/mx
vfnmadd132ss       vex 66 w0 0f 38 9d /r            xmm xmm.v xmm32/m32
vfnmadd132sd       vex 66 w1 0f 38 9d /r            xmm xmm.v xmm64/m64
vfnmsub132ps       vex 66 w0 0f 38 9e /r            x x.v x/mx
vfnmsub132pd       vex 66 w1 0f 38 9e /r            x x.v x/mx
vfnmsub132ss       vex 66 w0 0f 38 9f /r            xmm xmm.v xmm32/m32
vfnmsub132sd       vex 66 w1 0f 38 9f /r            xmm xmm.v xmm64/m64
vfmaddsub213ps     vex 66 w0 0f 38 a6 /r            x x.v x/mx
vfmaddsub213pd     vex 66 w1 0f 38 a6 /r            x x.v x/mx
vfmsubadd213ps     vex 66 w0 0f 38 a7 /r            x x.v x/mx
vfmsubadd213pd     vex 66 w1 0f 38 a7 /r            x x.v x/mx
vfmadd213ps        vex 66 w0 0f 38 a8 /r            x x.v x/mx
vfmadd213pd        vex 66 w1 0f 38 a8 /r            x x.v x/mx
vfmadd213ss        vex 66 w0 0f 38 a9 /r            xmm xmm.v xmm32/m32
vfmadd213sd        vex 66 w1 0f 38 a9 /r            xmm xmm.v xmm64/m64
vfmsub213ps        vex 66 w0 0f 38 aa /r            x x.v x/mx
vfmsub213pd        vex 66 w1 0f 38 aa /r            x x.v x/mx
vfmsub213ss        vex 66 w0 0f 38 ab /r            xmm xmm.v xmm32/m32
vfmsub213sd        vex 66 w1 0f 38 ab /r            xmm xmm.v xmm64/m64
vfnmadd213ps       vex 66 w0 0f 38 ac /r            x x.v x/mx
vfnmadd213pd       vex 66 w1 0f 38 ac /r            x x.v x/mx
vfnmadd213ss       vex 66 w0 0f 38 ad /r            xmm xmm.v xmm32/m32
vfnmadd213sd       vex 66 w1 0f 38 ad /r            xmm xmm.v xmm64/m64
vfnmsub213ps       vex 66 w0 0f 38 ae /r            x x.v x/mx
vfnmsub213pd       vex 66 w1 0f 38 ae /r            x x.v x/mx
vfnmsub213ss       vex 66 w0 0f 38 af /r            xmm xmm.v xmm32/m32
vfnmsub213sd       vex 66 w1 0f 38 af /r            xmm xmm.v xmm64/m64
vfmaddsub231ps     vex 66 w0 0f 38 b6 /r            x x.v x/mx
vfmaddsub231pd     vex 66 w1 0f 38 b6 /r            x x.v x/mx
vfmsubadd231ps     vex 66 w0 0f 38 b7 /r            x x.v x/mx
vfmsubadd231pd     vex 66 w1 0f 38 b7 /r            x x.v x/mx
vfmadd231ps        vex 66 w0 0f 38 b8 /r            x x.v x/mx
vfmadd231pd        vex 66 w1 0f 38 b8 /r            x x.v x/mx
vfmadd231ss        vex 66 w0 0f 38 b9 /r            xmm xmm.v xmm32/m32
vfmadd231sd        vex 66 w1 0f 38 b9 /r            xmm xmm.v xmm64/m64
vfmsub231ps        vex 66 w0 0f 38 ba /r            x x.v x/mx
vfmsub231pd        vex 66 w1 0f 38 ba /r            x x.v x/mx
vfmsub231ss        vex 66 w0 0f 38 bb /r            xmm xmm.v xmm32/m32
vfmsub231sd        vex 66 w1 0f 38 bb /r            xmm xmm.v xmm64/m64
vfnmadd231ps       vex 66 w0 0f 38 bc /r            x x.v x/mx
vfnmadd231pd       vex 66 w1 0f 38 bc /r            x x.v x/mx
vfnmadd231ss       vex 66 w0 0f 38 bd /r            xmm xmm.v xmm32/m32
vfnmadd231sd       vex 66 w1 0f 38 bd /r            xmm xmm.v xmm64/m64
vfnmsub231ps       vex 66 w0 0f 38 be /r            x x.v x/mx
vfnmsub231pd       vex 66 w1 0f 38 be /r            x x.v x/mx
vfnmsub231ss       vex 66 w0 0f 38 bf /r            xmm xmm.v xmm32/m32
vfnmsub231sd       vex 66 w1 0f 38 bf /r            xmm xmm.v xmm64/m64
`;
