package journal
import ("testing";"context";"time";"fmt";"mingluo/internal/alert";"crypto/rand")
func TestZZUnder(t *testing.T){
 s,err:=Open(t.Context(),Config{Dir:t.TempDir(),AllowUnsafeStore:true}); if err!=nil{t.Fatal(err)}
 defer s.Close(context.Background())
 const n=200000
 st:=time.Now()
 for i:=0;i<n;i+=1000{
  var puts []alert.Put
  for j:=0;j<1000;j++{ var id alert.RecipientID; rand.Read(id[:]); puts=append(puts,alert.Put{Subject:fmt.Sprintf("roll.%04x.%s",id.Bucket(),id),Data:make([]byte,100)})}
  if _,err:=s.PutBatch(t.Context(),puts);err!=nil{t.Fatal(err)}
 }
 t.Log("import",time.Since(st))
 for range 2 {
 st=time.Now()
 var hi uint64
 for b:=0;b<4096;b++{ l,err:=s.LastUnder(t.Context(),fmt.Sprintf("roll.%04x.*",b)); if err!=nil{t.Fatal(err)}; hi=max(hi,l)}
 t.Log("lastunder each",time.Since(st)/4096,hi)
 }
 st=time.Now(); m:=0
 for b:=0;b<50;b++{ s.Scan(t.Context(),"ROLL",fmt.Sprintf("roll.%04x.*",b),1,func(alert.Record)error{m++;return nil})}
 t.Log("scan bucket each",time.Since(st)/50,m)
 st=time.Now(); m=0
 for b:=0;b<50;b++{ last,_:=s.LastSeq(t.Context(),"ROLL"); s.readTo(t.Context(),"ROLL",fmt.Sprintf("roll.%04x.*",b),1,last,func(alert.Record)error{m++;return nil})}
 t.Log("readTo bucket each",time.Since(st)/50,m)
 st=time.Now(); m=0
 for b:=0;b<50;b++{ r,err:=s.Newest(t.Context(),[]string{fmt.Sprintf("roll.%04x.*",b)}); if err!=nil{t.Fatal(err)}; m+=len(r)}
 t.Log("newest bucket each",time.Since(st)/50,m)
}
